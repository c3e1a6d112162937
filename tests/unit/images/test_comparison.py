import io
import random

import pytest
from PIL import Image, ImageChops, ImageDraw

from cutoutd.images.comparison import difference_from, is_told_apart, reference_image
from support.images.photographs import ORIENTATION, encoded, jpeg, photograph


def photo(name: str) -> Image.Image:
    return Image.open(io.BytesIO(photograph(name))).convert("RGB")


def cutout(image: Image.Image, scale: float = 1.0) -> io.BytesIO:
    """The middle of a picture on nothing, as the service would return it."""
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse(
        (image.width // 4, image.height // 4, 3 * image.width // 4, 3 * image.height // 4), 255
    )
    cut = Image.composite(image.convert("RGBA"), Image.new("RGBA", image.size, (0, 0, 0, 0)), mask)
    cut.putalpha(mask)
    size = (round(image.width * scale), round(image.height * scale))
    return io.BytesIO(encoded(cut.resize(size), "PNG"))


@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_a_cutout_agrees_with_its_photo(scale: float) -> None:
    """A cutout's opaque pixels are its photo's, also after JPEG compression and the service's downscaling."""
    assert difference_from(reference_image(photograph("coffee")), cutout(photo("coffee"), scale)) is not None


def test_a_cutout_of_another_photo_does_not() -> None:
    """No photo gets another one's cutout."""
    other = photo("coffee")
    same_size = encoded(photo("astronaut").resize(other.size), "JPEG", quality=90)
    assert difference_from(reference_image(same_size), cutout(other)) is None


def test_the_next_picture_of_the_same_scene_does_not() -> None:
    """Two frames of one scene, a few pixels apart, are told apart."""
    moved = encoded(ImageChops.offset(photo("coffee"), 8, 0), "JPEG", quality=90)
    assert difference_from(reference_image(moved), cutout(photo("coffee"))) is None


@pytest.mark.parametrize("change", ["a pixel to the side", "the noise of a sensor"])
def test_frames_of_a_burst_are_told_apart(change: str) -> None:
    """Each agrees with the cutout, and the cutout's own photo agrees far better."""
    first = photo("coffee")
    content = random.Random(5).randbytes(3 * first.width * first.height)  # noqa: S311  a picture, not a secret
    noise = Image.frombytes("RGB", first.size, content)
    second = ImageChops.offset(first, 1, 0) if change == "a pixel to the side" else Image.blend(first, noise, 0.02)
    frames = [Image.open(io.BytesIO(encoded(frame, "JPEG", quality=90))) for frame in (first, second)]
    for own, other in (frames, reversed(frames)):
        ours, others = (
            difference_from(reference_image(encoded(frame, "JPEG", quality=90)), cutout(own)) for frame in (own, other)
        )
        assert ours is not None
        assert others is not None
        assert is_told_apart(ours, others)
        assert not is_told_apart(others, ours)
        assert not is_told_apart(ours, ours)


def test_turned_photos_agree_upright() -> None:
    """A photo that its EXIF turns is compared as viewers show it."""
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    turned = encoded(photo("coffee").transpose(Image.Transpose.ROTATE_90), "JPEG", quality=90, exif=tags.tobytes())
    assert difference_from(reference_image(turned), cutout(photo("coffee"))) is not None


def test_an_empty_cutout_proves_nothing() -> None:
    """With hardly an opaque pixel there is nothing to compare."""
    empty = io.BytesIO(encoded(Image.new("RGBA", (60, 40), (0, 0, 0, 0)), "PNG"))
    assert difference_from(reference_image(jpeg()), empty) is None


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_cannot_be_decoded_does_not_agree(content: bytes) -> None:
    """A result that is no picture belongs to no photo."""
    assert difference_from(reference_image(jpeg()), io.BytesIO(content)) is None
