import struct
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.structure.mending import mended, mended_file
from cutoutd.images.structure.png_chunks import walk_chunks
from cutoutd.images.validation import validate
from support.images.hostile_images import segment
from support.images.photographs import chunk, drawn, encoded, exif, jpeg, png

HEADER_END = 33
PNG = png((60, 40))
JPEG = jpeg((60, 40))

ODD_CHUNKS = [
    *(
        chunk(name, b"a\0\0\0\0\0abc", crc=1)
        for name in (b"iCCP", b"pHYs", b"iTXt", b"tEXt", b"zTXt", b"cHRM", b"sRGB")
    ),
    *(chunk(name, b"", crc=0) for name in (b"gAMA", b"tIME", b"bKGD", b"eXIf", b"abCd", b"cICP", b"sPLT")),
    *(chunk(name, b"") for name in (b"iCCP", b"pHYs", b"cHRM", b"sRGB", b"gAMA")),
    *(chunk(name, b"abc") for name in (b"iCCP", b"pHYs", b"cHRM", b"gAMA")),
    chunk(b"iCCP", b"Color Profile\0\1" + zlib.compress(b"profile")),
    chunk(b"zTXt", b"Comment\0\7" + zlib.compress(b"text")),
    chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(1_200_000))),
    chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(bytes(1_200_000))),
    chunk(b"tEXt", b"Comment\0" + b"x" * 1_200_000),
    chunk(b"acTL", b"\0\0"),
    chunk(b"fcTL", bytes(26)),
    chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", struct.pack(">IIIIIHHBB", 7, 60, 40, 0, 0, 1, 9, 0, 0)),
]


@pytest.mark.parametrize("odd", ODD_CHUNKS, ids=lambda odd: repr(odd[4:20]))
@pytest.mark.parametrize("is_behind", [False, True], ids=["before", "behind"])
def test_odd_side_chunks_decide_nothing(odd: bytes, is_behind: object) -> None:
    """The photo is accepted for its pixels, before them or behind them, and any reader can read what is sent."""
    at = len(PNG) - 12 if is_behind else HEADER_END
    content = PNG[:at] + odd + PNG[at:]
    assert validate(content, "a.png") == replace(validate(PNG, "a.png"), is_disputed=True)
    sent = mended(content)
    assert mended(sent) is sent
    with Image.open(BytesIO(sent)) as picture:
        assert picture.convert("RGB") == drawn()


def test_a_turned_photo_with_odd_side_chunks_is_sent_upright() -> None:
    """Its upright copy is made from the same pixels."""
    whole = png((60, 40), exif=exif(6))
    content = whole[:HEADER_END] + chunk(b"pHYs", b"", crc=1) + whole[HEADER_END:]
    upright = make_upright(content, validate(content, "a.png"), 12_000_000).content
    assert Image.open(BytesIO(upright)).convert("RGB") == drawn().transpose(Image.Transpose.ROTATE_270)


@pytest.mark.parametrize(
    "odd",
    [
        segment(0xE0, b"JFIF"),
        segment(0xE2, b"ICC_PROFILE\0"),
        segment(0xE2, b"ICC_PROFILE\0\1"),
        segment(0xEE, b"Adobe"),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04"),
    ],
    ids=repr,
)
def test_odd_side_segments_decide_nothing(odd: bytes) -> None:
    """A JPEG is accepted for its pixels, too, and any reader can read what is sent."""
    content = JPEG[:2] + odd + JPEG[2:]
    assert validate(content, "a.jpg") == replace(validate(JPEG, "a.jpg"), is_disputed=True)
    with Image.open(BytesIO(mended(content))) as picture:
        picture.load()


@pytest.mark.parametrize("content", [PNG, JPEG, JPEG + b"a phone's trailer", png(exif=exif(6), dpi=(72, 72))])
def test_a_sound_file_is_not_copied(content: bytes) -> None:
    """It is sent to the byte as it is."""
    file = BytesIO(content)
    assert mended(content) is content
    assert mended_file(file) is file
    assert file.read() == content


def test_a_missing_end_marker_is_added() -> None:
    """Strict readers call a JPEG without it cut off."""
    assert mended(JPEG[:-2]) == JPEG
    assert mended(JPEG[:-1]).endswith(b"\xff\xd9")


def test_a_large_profile_is_kept() -> None:
    """Profiles of printers have more than a megabyte, and colours depend on them."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    large = profile + bytes(range(256)) * 8_000
    content = encoded(drawn(), "PNG", icc_profile=large, exif=exif(6))
    assert mended(content) is content
    upright = make_upright(content, validate(content, "a.png"), 12_000_000).content
    assert Image.open(BytesIO(upright)).info["icc_profile"] == large


def test_an_animation_with_a_fault_becomes_its_first_picture() -> None:
    """One part of it makes no sense without the others."""
    content = encoded(drawn(), "PNG", save_all=True, append_images=[drawn().rotate(180)])
    frame = [one for one in walk_chunks(BytesIO(content)) if one.type == b"fcTL"][-1]
    broken = content[: frame.content_start] + b"\0\0\0\7" + content[frame.content_start + 4 :]
    assert validate(broken, "a.png").note is None
    left = {one.type for one in walk_chunks(BytesIO(mended(broken)))}
    assert left == {b"IHDR", b"IDAT", b"IEND"}
