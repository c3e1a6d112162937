import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageOps

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.validation import validate
from support.images.photographs import drawn, encoded, exif, jpeg, photograph, png

PLENTY = 10_000_000


def upright(content: bytes) -> Image.Image:
    return Image.open(BytesIO(make_upright(content, validate(content, "a.jpg"), PLENTY).content))


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
    assert validate(make_upright(content, validate(content, "a.jpg"), PLENTY).content, "a.jpg").orientation == 1


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


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize(
    "options", [{"quality": 80}, {"quality": 98, "subsampling": 0}, {"quality": 90, "subsampling": 1}]
)
def test_a_jpeg_keeps_its_own_compression(options: dict[str, int], orientation: int) -> None:
    """It does not grow by more than full colours across need, and differs less than quality 95 would make it differ."""
    content = photograph(exif=exif(orientation), **options)
    copy = make_upright(content, validate(content, "a.jpg"), PLENTY)
    expected = ImageOps.exif_transpose(Image.open(BytesIO(content)))
    plain = encoded(expected, "JPEG", quality=95, subsampling=0)
    assert not copy.is_lossier
    assert len(copy.content) < len(content) * (1.2 if options.get("subsampling") == 1 else 1.02)
    assert difference(Image.open(BytesIO(copy.content)), expected) <= difference(Image.open(BytesIO(plain)), expected)


def test_a_copy_that_is_still_too_large_falls_in_quality_step_by_step() -> None:
    """The first step that fits is taken and told; below the floor the sentence says what was tried."""
    content = photograph("coffee", quality=97, exif=exif(6))
    picture = validate(content, "a.jpg")
    own = make_upright(content, picture, PLENTY)
    lower = make_upright(content, picture, len(own.content) * 2 // 3)
    assert (own.quality, lower.quality) == (None, 89)
    assert lower.description == "sent as a copy of 400 x 600 pixels, JPEG quality 89"
    assert make_upright(content, picture, len(own.content) * 2 // 3) == lower
    with pytest.raises(RejectedError, match=r"even a copy of 400 x 600 pixels as JPEG quality 75 has") as refusal:
        make_upright(content, picture, 5_000)
    assert refusal.value.code == RejectionCode.TOO_LARGE


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures of one size, of 255."""
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (3 * one.width * one.height)


def test_cmyk_keeps_its_colours() -> None:
    """Printers' JPEGs are stored inverted; the copy must not come out as a negative."""
    content = encoded(drawn(mode="CMYK"), "JPEG", quality=95, exif=exif(3))
    assert corners(upright(content)) == corners(drawn())[::-1]


def test_pixels_that_cannot_be_decoded_are_a_rejection() -> None:
    """Header and checksums fine, data not: the photo is refused with a sentence of our own."""
    whole = png((200, 200), exif=exif(6))
    content = bytearray(whole)
    at = content.index(b"IDAT")
    end = at + 4 + int.from_bytes(content[at - 4 : at], "big")
    content[at + 6 : at + 40] = bytes(34)
    content[end : end + 4] = zlib.crc32(content[at:end]).to_bytes(4, "big")
    with pytest.raises(RejectedError) as caught:
        make_upright(bytes(content), validate(whole, "a.png"), 12_000_000)
    assert (caught.value.code, caught.value.sentence) == (RejectionCode.DAMAGED, "it is damaged: it cannot be decoded")
