import contextlib
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.structure.formats import Format
from cutoutd.images.validation import format_size, require_size, validate
from support.images.photographs import chunk, drawn, encoded, exif, jpeg, photograph, png, png_of

NOISE = encoded(Image.effect_noise((300, 300), 80), "JPEG")
WEBP = b"RIFF\0\0\0\0WEBPVP8 "


def refused(content: bytes, name: str = "photo.jpg") -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        validate(content, name)
    return caught.value


@pytest.mark.parametrize("name", ["astronaut", "coffee", "cat"])
def test_a_real_photograph_is_accepted(name: str) -> None:
    """Format, dimensions and orientation come from the header."""
    picture = validate(photograph(name), "photo.jpg")
    assert (picture.format, picture.orientation, picture.note) == (Format.JPEG, 1, None)
    assert picture.width * picture.height == round(picture.megapixels * 1e6)


def test_content_decides_not_the_name() -> None:
    """A PNG that is called .jpg is a PNG, and welcome."""
    assert validate(png(), "photo.jpg").format is Format.PNG


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_read(orientation: int) -> None:
    """All eight, from JPEG and from PNG."""
    assert validate(jpeg(exif=exif(orientation)), "a.jpg").orientation == orientation
    assert validate(png(exif=exif(orientation)), "a.png").orientation == orientation


@pytest.mark.parametrize(
    "garbage", [exif(0), exif(9), b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0", b"Exif\0\0nonsense"]
)
def test_senseless_exif_counts_as_upright(garbage: bytes) -> None:
    """A photo is not refused, nor turned, for metadata that makes no sense."""
    assert validate(jpeg(exif=garbage), "a.jpg").orientation == 1


@given(st.binary(max_size=200))
def test_any_exif_leaves_a_photo_acceptable(garbage: bytes) -> None:
    """Whatever a program wrote into EXIF, the photo goes through."""
    assert validate(jpeg(exif=b"Exif\0\0" + garbage), "a.jpg").orientation in range(1, 9)


def test_a_lost_bit_is_noticed_before_anything_is_paid() -> None:
    """One flipped bit in a PNG's pixels is told by its checksum; what follows the picture's end is not looked at."""
    content = bytearray(png((200, 200)))
    assert validate(bytes(content) + b"a phone's trailer", "a.png").format is Format.PNG
    content[content.index(b"IDAT") + 20] ^= 1
    error = refused(bytes(content), "a.png")
    assert error.code == RejectionCode.DAMAGED
    assert "checksum of its IDAT chunk" in error.sentence


def test_xmp_does_not_turn_a_photo() -> None:
    """Viewers follow EXIF alone; a photo must come out as its owner sees it."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert validate(jpeg(xmp=xmp), "a.jpg").orientation == 1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colour_modes_of_jpeg_are_accepted(mode: str) -> None:
    """Printers' photos are CMYK."""
    assert validate(encoded(drawn(mode=mode), "JPEG"), "a.jpg").format is Format.JPEG


@pytest.mark.parametrize(
    ("mode", "has_alpha"), [("RGBA", True), ("LA", True), ("RGB", False), ("I;16", False), ("1", False)]
)
def test_alpha_of_a_png_is_told(mode: str, has_alpha: object) -> None:
    """Sixteen bits and one bit are fine too."""
    image = Image.new(mode, (8, 8)) if mode == "I;16" else drawn((8, 8), mode)
    assert validate(encoded(image, "PNG"), "a.png").has_alpha is has_alpha


def test_a_phones_picture_of_several_frames_counts_as_jpeg() -> None:
    """MPO begins like a JPEG and is one to most programs."""
    content = encoded(drawn(), "MPO", save_all=True, append_images=[drawn()])
    assert validate(content, "a.jpg").format is Format.JPEG


def test_an_animated_png_is_accepted_with_a_note() -> None:
    """Its first picture is cut out, and that is said."""
    content = encoded(drawn(), "PNG", save_all=True, append_images=[drawn().rotate(180)])
    assert "does not move" in str(validate(content, "a.png").note)


def test_more_than_25_megapixels_are_accepted_with_a_note() -> None:
    """Uploadcare scales down, and the owner of a large camera should know."""
    assert "30.0 megapixels" in str(validate(png_of(6000, 5000), "a.png").note)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.jpg", "empty: it is empty (0 bytes)"),
        (b"hello", "a.jpg", "not_a_picture: it is not a JPEG, although its name ends in .jpg"),
        (b"%PDF-1.7", "a.JPG", "not_a_picture: it is a PDF document, not a JPEG, although its name ends in .JPG"),
        (WEBP, "a.jpg", "other_format: it is a WebP picture, not a JPEG, although its name ends in .jpg"),
        (WEBP, "a.webp", "other_format: it is a WebP picture; only JPEG and PNG are taken"),
        (b"GIF89a", "a.png", "other_format: it is a GIF picture, not a PNG, although its name ends in .png"),
        (b"MM\0*", "a.nef", "other_format: it is a camera raw file; only JPEG and PNG are taken"),
        (b"MM\0*", "a.tif", "other_format: it is a TIFF picture; only JPEG and PNG are taken"),
        (
            b"<!DOCTYPE html>",
            "a.png",
            "not_a_picture: it is a text, web or SVG file, not a PNG, although its name ends",
        ),
        (NOISE[:9000], "a.jpg", "truncated: it ends after 9 kB, before the picture's end marker"),
        (b"\xff\xd8\xff\xe0\0\1", "a.jpg", "damaged: it is damaged: a segment at byte 4 has"),
        (png_of(70_000, 10), "a.png", "bad_dimensions: it is 70,000 x 10 pixels; a side may have at most 65,535"),
        (
            png_of(20_000, 20_000),
            "a.png",
            "too_many_pixels: it is 20,000 x 20,000 pixels, 400 megapixels, over the lim",
        ),
        (png_of(0, 10), "a.png", "damaged: it is damaged"),
    ],
)
def test_every_no_has_its_code_and_sentence(content: bytes, name: str, said: str) -> None:
    """The sentence names what it is and what was expected, and there is always something to do."""
    error = refused(content, name)
    assert f"{error.code}: {error.sentence}".startswith(said)
    assert error.advice


def test_a_picture_far_over_pillows_own_limit_is_judged_by_ours() -> None:
    """Pillow's process-wide limit neither warns nor raises; the number in the sentence is ours."""
    assert validate(png_of(15_000, 15_000), "a.png").megapixels == 225


def test_a_phones_heic_is_told_the_setting() -> None:
    """The person with the iPhone can do something about it."""
    error = refused(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(40))
    assert "HEIC picture" in error.sentence
    assert "Settings > Camera > Formats > Most Compatible" in error.advice
    assert "Android" in error.advice


@pytest.mark.parametrize("make", [jpeg, png])
@given(data=st.data())
def test_damage_anywhere_is_a_rejection_or_nothing(make: Callable[[], bytes], data: st.DataObject) -> None:
    """Whatever Pillow raises at hostile bytes becomes a rejection."""
    content = bytearray(make())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RejectedError):
        validate(bytes(content), "a.jpg")


def test_a_text_chunk_that_unpacks_to_gigabytes_decides_nothing() -> None:
    """A decompression bomb in metadata is left unread, and the photo is taken for its pixels."""
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    content = png()
    picture = validate(content[:33] + bomb + content[33:], "a.png")
    assert picture == replace(validate(content, "a.png"), is_disputed=True)


@pytest.mark.parametrize(
    ("size_bytes", "sentence"),
    [
        (14_200_000, "14.2 MB is over the 12 MB limit"),
        (12_000_001, "12,000,001 bytes is over the 12 MB limit"),
        (1_300_000_000, "1300 MB is over the 12 MB limit"),
    ],
)
def test_a_file_over_the_limit_is_refused_with_both_numbers(size_bytes: int, sentence: str) -> None:
    """Before a byte of it is read."""
    with pytest.raises(RejectedError, match=f"^{sentence}$") as caught:
        require_size(size_bytes, 12_000_000)
    assert caught.value.code == RejectionCode.TOO_LARGE


def test_a_file_of_exactly_the_limit_is_fine() -> None:
    """The limit itself is allowed."""
    require_size(12_000_000, 12_000_000)


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (812_999, "812 kB"), (12_000_000, "12 MB"), (14_249_000, "14.2 MB")],
)
def test_sizes_read_as_people_say_them(size_bytes: int, words: str) -> None:
    """Decimal units, like the limit."""
    assert format_size(size_bytes) == words
