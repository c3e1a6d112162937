"""The studio the sample products stand in: seamless paper, soft light, a shadow on the ground, a little sensor noise.

Input is a painted product with transparency; output is a photo. The shadow is part of the photo, never of the product.
"""

import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from cutoutd.sandbox.samples.colours import Colour, shaded

_REDUCTION = 8
"""Light and shadow are soft, so they are painted this many times smaller."""
_SHADOW_OPACITY = 0.5
_CAST_SHARE = 0.62
_FOOT_PX = 24
"""What of the product's lowest part is taken to touch the ground."""
_NOISE_STEPS = 5


@dataclass(frozen=True, slots=True)
class Studio:
    """Paper of one colour; the light falls from the left."""

    paper: Colour

    def photograph(self, product: Image.Image) -> Image.Image:
        """The product in front of the paper. The same product gives the same photo, grain included."""
        photo = self._paper(product.size)
        photo.paste(shaded(self.paper, 0.42), mask=_shadow(product))
        photo.paste(product, mask=product.getchannel("A"))
        return _with_grain(photo)

    def _paper(self, size: tuple[int, int]) -> Image.Image:
        """A wall that is lightest behind the product and runs into the floor without an edge."""
        width, height = size[0] // _REDUCTION, size[1] // _REDUCTION
        light = Image.radial_gradient("L").resize((width * 2, round(height * 1.8)), Image.Resampling.BICUBIC)
        light = light.crop((width * 6 // 10, height // 2, width * 16 // 10, height // 2 + height))
        wall = Image.composite(
            Image.new("RGB", (width, height), shaded(self.paper, 0.86)),
            Image.new("RGB", (width, height), shaded(self.paper, 1.06)),
            light,
        )
        ground = Image.linear_gradient("L").resize((width, height)).point(lambda level: max(0, level - 150) // 2)
        wall.paste(shaded(self.paper, 0.97), mask=ground)
        return wall.filter(ImageFilter.GaussianBlur(6)).resize(size, Image.Resampling.BICUBIC)


def _shadow(product: Image.Image) -> Image.Image:
    """Dark and narrow where the product touches the ground, faint and wide to the right, away from the light."""
    left, _, right, bottom = _bounds(product)
    foot_left, _, foot_right, _ = _bounds(product.crop((0, bottom - _FOOT_PX, product.width, bottom)))
    span = right - left
    contact = _blob(product.size, (foot_left - 4, bottom - 30, foot_right + 10, bottom + 10), softness=10)
    cast = _blob(product.size, (left + 0.1 * span, bottom - 70, right + 0.3 * span, bottom + 24), softness=46)
    return ImageChops.lighter(contact, cast.point(lambda level: round(level * _CAST_SHARE)))


def _bounds(product: Image.Image) -> tuple[int, int, int, int]:
    return product.getchannel("A").getbbox() or (0, 0, *product.size)


def _blob(size: tuple[int, int], box: tuple[float, float, float, float], *, softness: float) -> Image.Image:
    small = Image.new("L", (size[0] // _REDUCTION, size[1] // _REDUCTION))
    ImageDraw.Draw(small).ellipse([edge / _REDUCTION for edge in box], fill=round(255 * _SHADOW_OPACITY))
    return small.filter(ImageFilter.GaussianBlur(softness / _REDUCTION)).resize(size, Image.Resampling.BICUBIC)


def _with_grain(photo: Image.Image) -> Image.Image:
    """A few levels of noise; drawn from a fixed seed, because Pillow's own noise differs from run to run."""
    width, height = photo.size
    seeded = random.Random(width * height)  # noqa: S311 - grain, no secret
    noise = Image.frombytes("L", photo.size, seeded.randbytes(width * height))
    grain = noise.point(lambda level: 128 + level * _NOISE_STEPS // 255 - _NOISE_STEPS // 2)
    return ImageChops.add(photo, Image.merge("RGB", (grain, grain, grain)), scale=1, offset=-128)
