import struct
import tracemalloc
import zlib
from dataclasses import dataclass
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.images.structure.png_check import PngCheck
from cutoutd.images.structure.png_header import PngHeader
from support.images.photographs import chunk, png, png_of

WHOLE = png(mode="RGBA")


def checked(content: bytes, step: int = 1 << 16) -> PngHeader:
    check = PngCheck()
    for at in range(0, len(content), step):
        check.feed(content[at : at + step])
    return check.finish()


@given(step=st.integers(min_value=1, max_value=len(WHOLE)))
def test_the_pieces_a_png_comes_in_do_not_matter(step: int) -> None:
    """A download arrives in pieces of any size."""
    assert checked(WHOLE, step) == PngHeader(width=60, height=40, bit_depth=8, color_type=6, has_alpha=True)


@given(at=st.integers(min_value=0, max_value=len(WHOLE) - 1), flip=st.integers(min_value=1, max_value=255))
def test_one_changed_byte_is_noticed(at: int, flip: int) -> None:
    """Every byte is under a checksum, part of one, or part of the structure."""
    damaged = bytearray(WHOLE)
    damaged[at] ^= flip
    with pytest.raises(ValueError, match=r"^(it|its|the|colour type) "):
        checked(bytes(damaged))


@given(length=st.integers(min_value=0, max_value=len(WHOLE) - 1))
def test_a_cut_off_png_is_noticed(length: int) -> None:
    """A download that ended early never passes."""
    with pytest.raises(ValueError, match="ends before its end marker"):
        checked(WHOLE[:length])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<html>502 Bad Gateway</html>", "it is no PNG"),
        (WHOLE + b"x", "has bytes behind its end"),
        (WHOLE[:8] + chunk(b"IEND", b""), "its header is not where it belongs"),
        (WHOLE[:33] + chunk(b"IEND", b""), "holds no picture"),
        (WHOLE[:33] + WHOLE[8:], "its header is not where it belongs"),
        (png_of(0, 10), "its size is given as 0 x 10"),
        (png_of(10, 10, bit_depth=3), "colour type 0 with 3 bits does not exist"),
        (WHOLE[:33] + b"\xff\xff\xff\xffIDAT", "a chunk that PNG does not allow"),
        (WHOLE[:33] + chunk(b"tEXt", b"hi", crc=1), "the checksum of its tEXt chunk is wrong"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, complaint: str) -> None:
    """Each complaint is the end of a sentence about the file."""
    with pytest.raises(ValueError, match=complaint):
        checked(content)


@pytest.mark.parametrize(("mode", "has_alpha"), [("RGBA", True), ("LA", True), ("RGB", False), ("L", False)])
def test_alpha_is_told_by_the_colour_type(mode: str, has_alpha: object) -> None:
    """A cutout without alpha is worth a warning."""
    assert checked(png(mode=mode)).has_alpha is has_alpha


def test_a_transparent_palette_has_alpha() -> None:
    """A tRNS chunk makes a palette transparent."""
    assert checked(png(mode="P", transparency=0)).has_alpha
    assert not checked(png(mode="P")).has_alpha


@dataclass(frozen=True)
class Form:
    """What a header says beside the size."""

    kind: int = 6
    depth: int = 8
    interlace: int = 0


def of_data(data: bytes, size: tuple[int, int] = (4, 2), form: Form = Form(), *, before: bytes = b"") -> bytes:
    """A PNG with a sound structure and this pixel data."""
    header = struct.pack(">IIBBBBB", *size, form.depth, form.kind, 0, 0, form.interlace)
    return WHOLE[:8] + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


PALETTED = Form(kind=3)
ROWS = (b"\0" + bytes(16)) * 2
PALETTE = chunk(b"PLTE", bytes(3 * 7))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (of_data(b"xx"), "cannot be unpacked"),
        (of_data(b""), "end after 0 %"),
        (of_data(zlib.compress(ROWS[:-1])), "end after 97 %"),
        (of_data(zlib.compress(ROWS)[:-4]), "lack their checksum"),
        (of_data(zlib.compress(ROWS)[:-4] + b"nope"), "cannot be unpacked"),
        (of_data(zlib.compress(ROWS + b"\0")), "more pixels than its header says"),
        (of_data(zlib.compress(ROWS) + b"more"), "bytes behind its pixels"),
        (of_data(zlib.compress(b"\5" + ROWS[1:])), "make no sense"),
        (of_data(zlib.compress(ROWS[:17] + b"\xff" + bytes(16))), "make no sense"),
        (of_data(zlib.compress(bytes(1 << 20)), (1, 1), Form(depth=16)), "more pixels"),
        (of_data(zlib.compress(bytes(1 << 20)), ((1 << 31) - 1, (1 << 31) - 1)), "end after 0 %"),
        (of_data(zlib.compress(ROWS), form=Form(interlace=1)), "more pixels|end after"),
        (of_data(zlib.compress(ROWS), before=chunk(b"acTL", bytes(8))), "it is an animation"),
        (of_data(zlib.compress(ROWS), before=chunk(b"CgBI", bytes(4))), "a chunk that PNG does not allow"),
        (of_data(zlib.compress(bytes(10)), form=PALETTED), "palette is missing"),
        (of_data(zlib.compress(bytes(10)), form=PALETTED, before=chunk(b"PLTE", bytes(4))), "palette makes no sense"),
        (of_data(zlib.compress(bytes(10)), form=PALETTED, before=PALETTE + PALETTE), "palette makes no sense"),
        (
            of_data(zlib.compress(bytes([0, 0, 1, 2, 7] * 2)), form=PALETTED, before=PALETTE),
            "colours that its palette lacks",
        ),
        (WHOLE[:33] + chunk(b"tEXt", b"a") * 2000 + WHOLE[33:], "more chunks than any picture needs"),
        (WHOLE[:-12] + chunk(b"IEND", b"x"), "end marker is not empty"),
    ],
)
def test_pixels_that_are_not_whole_are_noticed(content: bytes, complaint: str) -> None:
    """Every checksum of these files is right; only their pixels tell that no program shows them as they should be."""
    for step in (1 << 16, 7):
        with pytest.raises(ValueError, match=complaint):
            checked(content, step)


def test_pixels_in_two_places_are_noticed() -> None:
    """Decoders stop at the first other chunk, so what comes behind it is missing."""
    data = zlib.compress(ROWS)
    parts = chunk(b"IDAT", data[:5]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", data[5:])
    with pytest.raises(ValueError, match="in more than one place"):
        checked(of_data(b"").replace(chunk(b"IDAT", b""), b"".join(parts)))


@pytest.mark.parametrize(("kind", "depth"), [(0, 1), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 8), (6, 16)])
@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (70, 9)])
def test_sound_pixels_of_every_form_pass(kind: int, depth: int, interlace: int, size: tuple[int, int]) -> None:
    """No colour type, depth, size or interlacing is refused for its own sake; Pillow agrees."""
    width, height = size
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows, before = b"", chunk(b"PLTE", bytes(3)) if kind == 3 else b""
    for left, top, across, down in passes if interlace else [(0, 0, 1, 1)]:
        columns, lines = -(-max(0, width - left) // across), -(-max(0, height - top) // down)
        rows += (b"\0" + bytes((columns * bits + 7) // 8)) * lines if columns else b""
    content = of_data(zlib.compress(rows), size, Form(kind, depth, interlace), before=before)
    assert (checked(content, 11).width, checked(content).height) == size
    with Image.open(BytesIO(content)) as picture:
        picture.load()


def test_a_picture_larger_than_any_cutout_is_refused_at_its_header() -> None:
    """What was sent bounds what can come back, so no work goes into more."""
    check = PngCheck(max_pixels=60 * 40)
    check.feed(WHOLE)
    check.finish()
    with pytest.raises(ValueError, match="60 x 40, which no cutout of it has"):
        PngCheck(max_pixels=60 * 40 - 1).feed(WHOLE[:33])


def test_a_few_bytes_that_unpack_to_gigabytes_take_no_memory() -> None:
    """The pixels are unpacked in blocks, and no further than the header says."""
    pack = zlib.compressobj(9)
    bomb = b"".join(pack.compress(bytes(1 << 20)) for _ in range(400)) + pack.flush()
    tracemalloc.start()
    with pytest.raises(ValueError, match="more pixels"):
        checked(of_data(bomb, (4000, 3000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
