"""Shapes: small grey pictures, white inside, that know where on the easel they lie.

Drawn at `OVERSIZE` times the final size, so that edges come out smooth once reduced. A shape is no larger than it needs
to be: most of a product is painted in small strokes. Made by `turned` and `sewn`, painted by `easel`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from cutoutd.sandbox.samples.curves import Point, smooth

OVERSIZE = 2

_BLUR_REDUCTION = 4
"""A blur hides detail anyway, so it is done this many times smaller."""


@dataclass(frozen=True, slots=True)
class Shape:
    """``grey`` with its left upper corner at ``left`` and ``top``, in oversize pixels, perhaps outside of the easel."""

    left: int
    top: int
    grey: Image.Image

    def moved(self, *, down: float) -> "Shape":
        """The same shape so many final pixels lower."""
        return Shape(self.left, self.top + round(down * OVERSIZE), self.grey)

    def softened(self, softness: float) -> "Shape":
        """The shape with edges blurred over about ``softness`` final pixels."""
        if not softness:
            return self
        pad = math.ceil(softness * OVERSIZE * 3 / _BLUR_REDUCTION) * _BLUR_REDUCTION
        roomy = Image.new("L", (self.grey.width + 2 * pad, self.grey.height + 2 * pad))
        roomy.paste(self.grey, (pad, pad))
        blur = ImageFilter.GaussianBlur(softness * OVERSIZE / _BLUR_REDUCTION)
        soft = roomy.reduce(_BLUR_REDUCTION).filter(blur).resize(roomy.size, Image.Resampling.BILINEAR)
        return Shape(self.left - pad, self.top - pad, soft)

    def within(self, other: "Shape") -> "Shape":
        """What this shape and ``other`` have in common."""
        beneath = Image.new("L", self.grey.size)
        beneath.paste(other.grey, (other.left - self.left, other.top - self.top))
        return Shape(self.left, self.top, ImageChops.multiply(self.grey, beneath))


def ellipse(centre: Point, across: float, down: float) -> Shape:
    """An ellipse with these radii."""
    x, y = centre
    corners = [(x - across, y - down), (x + across, y + down)]
    return _drawn(corners, lambda pen, to_shape: pen.ellipse([to_shape(corner) for corner in corners], fill=255))


def polygon(points: Sequence[Point]) -> Shape:
    """The inside of straight lines between ``points``."""
    return _drawn(points, lambda pen, to_shape: pen.polygon([to_shape(point) for point in points], fill=255))


def outline(points: Sequence[Point]) -> Shape:
    """The inside of a smooth closed curve through ``points``."""
    return polygon(smooth(points))


def stroke(points: Sequence[Point], width: float) -> Shape:
    """A round-ended smooth line through ``points``: a disc at each place, and the straight piece to the next."""
    line, half = smooth(points, is_closed=False), width / 2

    def draw(pen: ImageDraw.ImageDraw, to_shape: Callable[[Point], Point]) -> None:
        for x, y in line:
            pen.ellipse([to_shape((x - half, y - half)), to_shape((x + half, y + half))], fill=255)
        for (x, y), (next_x, next_y) in pairwise(line):
            length = math.hypot(next_x - x, next_y - y) or 1
            across, down = (y - next_y) / length * half, (next_x - x) / length * half
            corners = [(x + across, y + down), (next_x + across, next_y + down)]
            corners += [(next_x - across, next_y - down), (x - across, y - down)]
            pen.polygon([to_shape(corner) for corner in corners], fill=255)

    reach = [(x + side * half, y + side * half) for x, y in line for side in (-1, 1)]
    return _drawn(reach, draw)


def _drawn(extent: Sequence[Point], draw: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None]) -> Shape:
    """A shape just large enough for ``extent``."""
    left, right = (math.floor(pick(x for x, _ in extent) * OVERSIZE) for pick in (min, max))
    top, bottom = (math.floor(pick(y for _, y in extent) * OVERSIZE) for pick in (min, max))
    grey = Image.new("L", (right - left + 2, bottom - top + 2))
    draw(ImageDraw.Draw(grey), lambda point: (point[0] * OVERSIZE - left, point[1] * OVERSIZE - top))
    return Shape(left, top, grey)
