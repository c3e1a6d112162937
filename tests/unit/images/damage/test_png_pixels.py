import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.damage import png_pixels
from cutoutd.images.structure.png_chunks import walk_chunks
from cutoutd.images.validation import validate
from support.images.photographs import chunk, drawn, encoded, png

#: The seven passes of Adam7: first column, first row, and the steps to the next ones.
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
HEADER_END = 33


def require_png_pixels(content: bytes) -> None:
    png_pixels.require_png_pixels(content, list(walk_chunks(BytesIO(content))))


def with_data(content: bytes, *data: bytes) -> bytes:
    """The PNG with these contents of IDAT chunks in place of its own."""
    kept = [content[one.start : one.end] for one in walk_chunks(BytesIO(content)) if one.type != b"IDAT"]
    return b"".join((content[:8], *kept[:-1], *(chunk(b"IDAT", part) for part in data), kept[-1]))


def rows_of(content: bytes) -> bytes:
    parts = (
        content[one.content_start : one.content_end] for one in walk_chunks(BytesIO(content)) if one.type == b"IDAT"
    )
    return zlib.decompress(b"".join(parts))


def interlaced(size: tuple[int, int]) -> bytes:
    """A grey PNG in seven passes, which Pillow cannot write."""
    width, height = size
    grey = Image.effect_noise(size, 80)
    rows = b""
    for left, top, across, down in PASSES:
        for y in range(top, height, down):
            row = bytes(grey.getpixel((x, y)) for x in range(left, width, across))
            rows += b"\0" + row if row else b""
    content = encoded(grey, "PNG")
    header = content[16:28] + b"\1"
    return with_data(content[:8] + chunk(b"IHDR", header) + content[HEADER_END:], zlib.compress(rows))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (300, 200)])
def test_an_interlaced_picture_is_whole_with_its_last_byte_and_not_before(size: tuple[int, int]) -> None:
    """Seven passes have other rows than one; Pillow decodes the same file."""
    content = interlaced(size)
    Image.open(BytesIO(content)).load()
    require_png_pixels(content)
    with pytest.raises(ValueError, match="its pixels end after"):
        require_png_pixels(with_data(content, zlib.compress(rows_of(content)[:-1])))


@pytest.mark.parametrize(
    ("mode", "bits"), [("1", 1), ("L", 8), ("LA", 8), ("P", 8), ("RGB", 8), ("RGBA", 8), ("I;16", 16)]
)
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (64, 33)])
def test_the_last_byte_of_every_kind_of_pixels_is_missed(mode: str, bits: int, size: tuple[int, int]) -> None:
    """The size of the unpacked pixels follows from the header."""
    content = encoded(Image.new(mode, size) if bits == 16 else drawn(size, mode), "PNG")
    require_png_pixels(content)
    with pytest.raises(ValueError, match="its pixels end after"):
        require_png_pixels(with_data(content, zlib.compress(rows_of(content)[:-1])))


WHOLE = png((100, 80))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ((b"",), "its pixels end after 0 %"),
        ((), "its pixels end after 0 %"),
        ((zlib.compress(rows_of(WHOLE))[:-40],), "its pixels end after"),
        ((zlib.compress(rows_of(WHOLE)[: len(rows_of(WHOLE)) // 2]),), "its pixels end after 50 %"),
        ((b"no deflate data",), "its pixels cannot be unpacked"),
        ((zlib.compress(rows_of(WHOLE))[:-4] + b"\0\0\0\0",), "its pixels cannot be unpacked"),
        ((zlib.compress(b"\5" + rows_of(WHOLE)[1:]),), "its pixels make no sense"),
    ],
)
def test_pixel_data_that_are_not_whole_are_damage(data: tuple[bytes, ...], complaint: str) -> None:
    """Every checksum is right, and no viewer could show the picture; the sentence says one cause."""
    with pytest.raises(RejectedError) as caught:
        validate(with_data(WHOLE, *data), "a.png")
    assert caught.value.code == RejectionCode.DAMAGED
    assert caught.value.sentence.startswith(f"it is damaged: {complaint}")


def test_data_that_another_chunk_interrupts_end_there() -> None:
    """Decoders stop at the first other chunk, so the rest is lost."""
    packed = zlib.compress(rows_of(WHOLE))
    text = chunk(b"tEXt", b"a\0b")
    content = with_data(WHOLE, packed[:60], packed[60:])
    at = content.index(b"IDAT", content.index(b"IDAT") + 1) - 4
    require_png_pixels(content)
    with pytest.raises(ValueError, match="its pixels end after"):
        require_png_pixels(content[:at] + text + content[at:])


@pytest.mark.parametrize(
    "data",
    [
        zlib.compress(rows_of(WHOLE) + b"more than the rows"),
        zlib.compress(rows_of(WHOLE)) + b"behind the end",
        zlib.compress(rows_of(WHOLE))[:-4],
    ],
)
def test_what_viewers_overlook_does_not_matter(data: bytes) -> None:
    """More data than rows, and a missing checksum behind the last row, leave every pixel where it is."""
    require_png_pixels(with_data(WHOLE, data))


def test_the_checksum_of_the_end_does_not_matter() -> None:
    """Decoders warn at most: a preallocated file may lack its last four bytes."""
    content = WHOLE[:-4] + bytes(4)
    assert validate(content, "a.png").sha256 == validate(WHOLE, "a.png").sha256


def test_a_palette_picture_needs_its_palette() -> None:
    """Its pixels are only numbers of colours."""
    content = encoded(drawn(mode="P"), "PNG")
    palette = next(one for one in walk_chunks(BytesIO(content)) if one.type == b"PLTE")
    with pytest.raises(ValueError, match="its palette is missing"):
        require_png_pixels(content[: palette.start] + content[palette.end :])


def test_a_bomb_is_unpacked_no_further_than_its_rows() -> None:
    """Megabytes behind the last row cost nothing."""
    pack = zlib.compressobj(1)
    data = pack.compress(rows_of(WHOLE)) + b"".join(pack.compress(bytes(1 << 20)) for _ in range(50)) + pack.flush()
    require_png_pixels(with_data(WHOLE, data))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_chunks_of_any_size_hold_the_same_pixels(lengths: list[int]) -> None:
    """Encoders cut the packed data where they like, an empty chunk included."""
    packed, parts = zlib.compress(rows_of(WHOLE)), [b""]
    for length in lengths:
        parts.append(packed[:length])
        packed = packed[length:]
    require_png_pixels(with_data(WHOLE, *parts, packed))
