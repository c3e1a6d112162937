import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageOps

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.validation import validate
from support.images.photographs import drawn, encoded, exif, jpeg, photograph, png


def upright(content: bytes) -> Image.Image:
    return Image.open(BytesIO(make_upright(content, validate(content, "a.jpg"))))


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The nearest full colours in the four quarters, in reading order."""
    rgb = image.convert("RGB")
    spots = [(x * rgb.width // 4, y * rgb.height // 4) for y in (1, 3) for x in (1, 3)]
    return [tuple(255 * (value > 127) for value in rgb.getpixel(spot)) for spot in spots]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("make", [jpeg, png])
def test_the_copy_looks_as_viewers_show_the_photo(make: Callable[..., bytes], orientation: int) -> None:
    """Every orientation is turned the way EXIF means it; Pillow's own reading of EXIF is the witness."""
    content = make(exif=exif(orientation))
    expected = ImageOps.exif_transpose(Image.open(BytesIO(content)))
    turned = upright(content)
    assert turned.size == expected.size
    assert corners(turned) == corners(expected)


@pytest.mark.parametrize("make", [jpeg, png])
def test_the_copy_cannot_be_turned_again(make: Callable[..., bytes]) -> None:
    """No orientation, comment or XMP is left for any reader."""
    content = make(exif=exif(6))
    turned = upright(content)
    turned.load()
    assert not {"exif", "comment", "xmp"} & turned.info.keys()
    assert validate(make_upright(content, validate(content, "a.jpg")), "a.jpg").orientation == 1


def test_comments_do_not_travel_with_the_copy() -> None:
    """Comments of the user in a photo are not sent along."""
    assert "comment" not in upright(jpeg(exif=exif(3), comment="private")).info


def test_colours_keep_their_profile() -> None:
    """A photo in Adobe RGB would come out dull without it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for content in (jpeg(exif=exif(8), icc_profile=profile), png(exif=exif(8), icc_profile=profile)):
        assert upright(content).info["icc_profile"] == profile


def test_png_loses_nothing() -> None:
    """Pixel for pixel the same, alpha included."""
    image = drawn(mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    turned = upright(encoded(image, "PNG", exif=exif(6)))
    assert turned.tobytes() == image.transpose(Image.Transpose.ROTATE_270).tobytes()


def test_jpeg_keeps_its_colour_resolution() -> None:
    """Quality 95 without chroma subsampling: the difference to the photo cannot be seen."""
    content = photograph(exif=exif(3), quality=95)
    turned = upright(content)
    assert turned.layer[0][1:3] == (1, 1)
    back = turned.transpose(Image.Transpose.ROTATE_180).tobytes()
    before = Image.open(BytesIO(content)).tobytes()
    assert sum(abs(a - b) for a, b in zip(back, before, strict=True)) / len(back) < 1.5


def test_cmyk_keeps_its_colours() -> None:
    """Printers' JPEGs are stored inverted; the copy must not come out as a negative."""
    content = encoded(drawn(mode="CMYK"), "JPEG", quality=95, exif=exif(3))
    assert corners(upright(content)) == corners(drawn())[::-1]


def test_an_upright_photo_stays_as_it_is() -> None:
    """Not one byte is changed without need."""
    content = jpeg()
    assert make_upright(content, validate(content, "a.jpg")) is content


def test_pixels_that_cannot_be_decoded_are_a_rejection() -> None:
    """Header and checksums fine, data not: the photo is refused with a sentence."""
    content = bytearray(png((200, 200), exif=exif(6)))
    at = content.index(b"IDAT")
    end = at + 4 + int.from_bytes(content[at - 4 : at], "big")
    content[at + 6 : at + 40] = bytes(34)
    content[end : end + 4] = zlib.crc32(content[at:end]).to_bytes(4, "big")
    picture = validate(bytes(content), "a.png")
    with pytest.raises(RejectedError) as caught:
        make_upright(bytes(content), picture)
    assert caught.value.code == RejectionCode.DAMAGED
