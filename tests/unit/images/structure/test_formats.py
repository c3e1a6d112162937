import pytest

from cutoutd.core.errors import RejectionCode
from cutoutd.images.structure.formats import HEAD_BYTES, Format, UnsupportedFormat, recognise
from support.images.photographs import drawn, encoded


@pytest.mark.parametrize(
    ("picture_format", "said"),
    [
        ("WEBP", "a WebP picture"),
        ("AVIF", "an AVIF picture"),
        ("TIFF", "a TIFF picture"),
        ("GIF", "a GIF picture"),
        ("BMP", "a BMP picture"),
        ("JPEG2000", "a JPEG 2000 picture"),
        ("ICO", "a Windows icon"),
        ("PDF", "a PDF document"),
        ("EPS", "a PostScript document"),
    ],
)
def test_what_other_programs_write_is_recognised(picture_format: str, said: str) -> None:
    """Real files of each format, under a name that promises a JPEG."""
    found = recognise(encoded(drawn(), picture_format)[:HEAD_BYTES], "photo.jpg")
    assert isinstance(found, UnsupportedFormat)
    assert found.name == said


@pytest.mark.parametrize(
    ("brands", "said"),
    [
        (b"heic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"mif1\0\0\0\0mif1heic", "a HEIC picture"),
        (b"mif1\0\0\0\0mif1avif", "an AVIF picture"),
        (b"mif1\0\0\0\0mif1miaf", "a HEIF picture"),
        (b"crx \0\0\0\x01crx isom", "a camera raw file"),
        (b"qt  \0\0\0\0qt      ", "a video"),
    ],
)
def test_the_brands_inside_tell_phones_pictures_from_videos(brands: bytes, said: str) -> None:
    """They all begin with the same box; the most telling brand names the format."""
    found = recognise(b"\0\0\0\x18ftyp" + brands + bytes(40), "photo.jpg")
    assert isinstance(found, UnsupportedFormat)
    assert found.name == said


def test_accepted_formats_are_recognised_by_content() -> None:
    """The first bytes are enough, and tell what an upload calls it."""
    assert recognise(encoded(drawn(), "JPEG")[:HEAD_BYTES], "x.png") is Format.JPEG
    assert recognise(encoded(drawn(), "PNG")[:HEAD_BYTES], "x.jpg") is Format.PNG
    assert (Format.JPEG.mime_type, Format.PNG.mime_type) == ("image/jpeg", "image/png")


def test_a_document_is_no_picture_of_another_format() -> None:
    """The codes differ, because the advice does."""
    found = recognise(b"PK\x03\x04rest", "photo.jpg")
    assert isinstance(found, UnsupportedFormat)
    assert found.code is RejectionCode.NOT_A_PICTURE


@pytest.mark.parametrize("head", [b"", b"B", b"BM only looks like a bitmap", b"plain text"])
def test_what_says_nothing_is_nothing_known(head: bytes) -> None:
    """Better no name than a wrong one."""
    assert recognise(head, "photo.jpg") is None
