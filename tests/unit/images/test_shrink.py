"""Smaller copies: which size, which quality, what is kept, and when there is none."""

import io

import pytest
from PIL import Image, ImageCms, ImageOps

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.comparison import difference_from, reference_image
from cutoutd.images.copies.encoding import QUALITIES, SentCopy
from cutoutd.images.copies.shrink import MOST_PIXELS, make_smaller, size_to_send
from cutoutd.images.validation import validate
from support.images.photographs import drawn, encoded, exif, jpeg, photograph, png

PLENTY = 10_000_000

#: A limit of pixels that is met sooner than the real one.
MEGAPIXEL = 1_000_000


def smaller(content: bytes, max_bytes: int = PLENTY, most_pixels: int = MOST_PIXELS) -> SentCopy:
    return make_smaller(content, validate(content, "a.jpg"), max_bytes, most_pixels)


def opened(copy: SentCopy) -> Image.Image:
    picture = Image.open(io.BytesIO(copy.content))
    picture.load()
    assert picture.size == (copy.width, copy.height)
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, of 255, whatever their sizes."""
    small = [ImageOps.exif_transpose(picture).convert("RGB").resize((64, 64)) for picture in (one, other)]
    pairs = zip(small[0].tobytes(), small[1].tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (64 * 64 * 3)


def gradient(mode: str, side: int = 96) -> Image.Image:
    """Light below, dark above: a wrong conversion of levels shows."""
    return Image.linear_gradient("L").resize((side, side)).convert(mode)


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((6000, 4000), (6000, 4000)),
        ((5000, 5000), (5000, 5000)),
        ((10_000, 10_000), (5000, 5000)),
        ((12_000, 8000), (6123, 4082)),
        ((65_535, 3), (65_500, 2)),
        ((65_535, 1), (65_500, 1)),
    ],
)
def test_no_more_pixels_are_sent_than_a_cutout_has(size: tuple[int, int], sent: tuple[int, int]) -> None:
    """Up to 25 megapixels the size stays, above it falls in proportion; no side is longer than a JPEG's may be."""
    assert size_to_send(*size) == sent
    assert sent[0] * sent[1] <= 25_000_000


def test_a_photograph_over_25_megapixels_is_scaled_and_looks_the_same() -> None:
    """A real photo of 49 megapixels comes out with 25, in the best quality that fits, and looks the same."""
    original = Image.open(io.BytesIO(photograph("coffee", quality=95)))
    content = encoded(original.resize((8400, 5833)), "JPEG", quality=97)
    copy = smaller(content)
    assert (copy.width, copy.height) == size_to_send(8400, 5833)
    assert copy.quality == QUALITIES[0]
    assert copy.description == f"sent as a copy of {copy.width} x {copy.height} pixels, JPEG quality 95"
    assert difference(opened(copy), original) < 1.5


def test_quality_falls_no_further_than_it_must() -> None:
    """The first step that fits is taken, and the same photo always gives the same bytes."""
    content = photograph("coffee", quality=99)
    sizes = {quality: len(encoded(Image.open(io.BytesIO(content)), "JPEG", quality=quality)) for quality in (95, 75)}
    copy = smaller(content, (sizes[95] + sizes[75]) // 2)
    assert copy.quality is not None
    assert QUALITIES[-1] <= copy.quality < QUALITIES[0]
    assert len(copy.content) <= (sizes[95] + sizes[75]) // 2
    assert smaller(content, len(copy.content)) == copy
    assert smaller(content, len(copy.content) - 1).quality == QUALITIES[QUALITIES.index(copy.quality) + 1]


def test_below_the_floor_there_is_no_copy() -> None:
    """A photo too large even at the lowest quality is refused with all the numbers."""
    content = photograph("coffee", quality=99)
    with pytest.raises(RejectedError, match=r"even a copy of \d+ x \d+ pixels as JPEG quality 75 has") as refusal:
        smaller(content, 5_000)
    assert refusal.value.code == RejectionCode.TOO_LARGE
    assert "5 kB limit" in refusal.value.sentence
    assert refusal.value.advice


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_every_orientation_comes_out_upright(picture_format: str, orientation: int) -> None:
    """The copy looks as viewers show the photo, and nothing is left to turn it again."""
    content = encoded(drawn(), picture_format, exif=exif(orientation))
    copy = opened(smaller(content))
    assert difference(copy, Image.open(io.BytesIO(content))) < 3
    assert copy.getexif().get(0x0112, 1) == 1


def test_a_large_lying_photo_is_scaled_the_right_way() -> None:
    """Width and height change places after scaling, not before."""
    content = encoded(Image.new("RGB", (1600, 800), "teal"), "JPEG", exif=exif(6))
    copy = smaller(content, most_pixels=MEGAPIXEL)
    assert (copy.height, copy.width) == size_to_send(1600, 800, MEGAPIXEL)
    opened(copy)


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_colours_keep_their_profile_and_nothing_else_travels(picture_format: str) -> None:
    """The ICC profile is kept; EXIF, comments and texts are not sent along."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(drawn(), picture_format, icc_profile=profile, exif=exif(3))
    if picture_format == "JPEG":
        content = encoded(drawn(), "JPEG", icc_profile=profile, exif=exif(3), comment="private", xmp=b"<private/>")
    info = opened(smaller(content)).info
    assert info["icc_profile"] == profile
    assert not {"exif", "comment", "xmp"} & info.keys()


def test_a_progressive_cmyk_jpeg_keeps_its_colours() -> None:
    """Printers' JPEGs are stored inverted; the copy is no negative, and still CMYK."""
    content = encoded(drawn((2000, 1500), "CMYK"), "JPEG", quality=95, progressive=True)
    copy = opened(smaller(content))
    assert copy.mode == "CMYK"
    assert difference(copy, Image.open(io.BytesIO(content))) < 2


def test_grey_keeps_its_16_bits() -> None:
    """Scaled and turned it has levels between those of 8 bits; as a JPEG it has the same levels in 8."""
    levels = gradient("I").point(lambda level: level * 257).convert("I;16")
    content = encoded(levels, "PNG", exif=exif(6))
    copy = opened(smaller(content, most_pixels=64 * 64))
    assert (copy.mode, copy.size) == ("I;16", (64, 64))
    assert len({copy.getpixel((x, 32)) for x in range(64)}) == 64
    grey = Image.open(io.BytesIO(photograph("coffee"))).convert("L")
    content = encoded(grey.convert("I").point(lambda level: level * 257).convert("I;16"), "PNG")
    assert difference(opened(smaller(content, len(content) // 4)), grey) < 2


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_pngs_of_every_kind_stay_pngs_if_that_is_enough(mode: str) -> None:
    """Palettes, grey and black and white come through; nothing is compressed with losses without need."""
    content = encoded(gradient(mode), "PNG")
    copy = smaller(content)
    assert (copy.quality, opened(copy).format) == (None, "PNG")
    assert difference(opened(copy), Image.open(io.BytesIO(content))) < 1


def test_a_png_that_stays_too_large_becomes_a_jpeg() -> None:
    """A photograph stored as PNG is sent as a JPEG; an alpha channel in which all is opaque is no obstacle."""
    image = Image.open(io.BytesIO(photograph("coffee")))
    with_idle_alpha = image.convert("RGBA")
    for picture in (image, with_idle_alpha):
        content = encoded(picture, "PNG")
        copy = smaller(content, len(content) // 3)
        assert copy.quality is not None
        assert opened(copy).format == "JPEG"
        assert difference(opened(copy), image) < 2


def test_a_transparent_png_is_never_made_opaque() -> None:
    """Scaled down it stays transparent; if that is not enough it is refused, with advice."""
    picture = Image.open(io.BytesIO(photograph("coffee"))).convert("RGBA")
    picture.putalpha(gradient("L").resize(picture.size))
    content = encoded(picture, "PNG")
    kept = opened(smaller(content))
    assert kept.mode == "RGBA"
    assert kept.getchannel("A").getextrema() == picture.getchannel("A").getextrema()
    with pytest.raises(RejectedError, match="parts of it are transparent") as refusal:
        smaller(content, len(content) // 3)
    assert "without transparency" in refusal.value.advice


def test_pixels_that_cannot_be_decoded_are_a_rejection() -> None:
    """A photo that was damaged between its validation and its upload is refused."""
    whole = png((200, 200))
    with pytest.raises(RejectedError) as refusal:
        make_smaller(whole.replace(b"IDAT", b"IDAt"), validate(whole, "a.png"), PLENTY)
    assert refusal.value.code == RejectionCode.DAMAGED


def test_a_shrunk_photos_cutout_is_recognised_as_its_own() -> None:
    """A lost result is compared with the photo itself, whatever was sent for it; another photo's stays another's."""
    large = Image.open(io.BytesIO(photograph("coffee"))).resize((1200, 960))
    content = encoded(large, "JPEG", quality=95, exif=exif(1))
    copy = opened(smaller(content, 150_000, MEGAPIXEL))
    assert copy.width < 1200
    cutout = copy.convert("RGBA")
    cutout.putalpha(Image.new("L", copy.size, 255))
    result = io.BytesIO(encoded(cutout.resize((copy.width // 2, copy.height // 2)), "PNG", compress_level=1))
    assert difference_from(reference_image(content), result) is not None
    assert difference_from(reference_image(photograph("astronaut")), result) is None


def test_a_scaled_panorama_is_still_its_own() -> None:
    """A pixel of rounding changes the proportion of a long strip more than that of a square."""
    strip = Image.open(io.BytesIO(photograph("coffee"))).resize((6_000, 201))
    content = encoded(strip, "JPEG", quality=90)
    copy = opened(smaller(content, most_pixels=MEGAPIXEL))
    assert copy.width < 6_000
    result = io.BytesIO(encoded(copy.convert("RGBA"), "PNG", compress_level=1))
    assert difference_from(reference_image(content), result) is not None
    assert difference_from(reference_image(jpeg((60, 40))), io.BytesIO(png((41, 60), "RGBA"))) is None
