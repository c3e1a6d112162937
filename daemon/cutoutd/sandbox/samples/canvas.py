"""What a sample product is painted on: colours and, with every shape, the true mask.

Knows no product: `turned` and `sewn` paint on it, `studio` puts what was painted in front of a backdrop.
"""

from collections.abc import Sequence

from PIL import Image, ImageChops

from cutoutd.sandbox.samples.colours import Colour, Stops, strip
from cutoutd.sandbox.samples.curves import Point, widths
from cutoutd.sandbox.samples.shapes import OVERSIZE, Shape


class Easel:
    """A transparent canvas of ``width`` by ``height`` final pixels.

    `fill`, the two kinds of shading and `turn` paint a shape and make it part of the product; `tint` only changes the
    colour of what is there.
    """

    def __init__(self, width: int, height: int) -> None:
        size = (width * OVERSIZE, height * OVERSIZE)
        self._colours = Image.new("RGB", size)
        self._mask = Image.new("L", size)

    def finished(self) -> Image.Image:
        """What was painted, with transparency, at the final size."""
        return Image.merge("RGBA", (*self._colours.split(), self._mask)).reduce(OVERSIZE)

    def fill(self, shape: Shape, colour: Colour) -> None:
        """Paint a shape in one colour."""
        self._cover(shape, Image.new("RGB", shape.grey.size, colour))

    def shade_across(self, shape: Shape, stops: Stops) -> None:
        """Paint a shape with stops from left to right."""
        self._cover(shape, strip(stops).resize(shape.grey.size, Image.Resampling.BILINEAR))

    def shade_down(self, shape: Shape, stops: Stops) -> None:
        """Paint a shape with stops from top to bottom."""
        upright = strip(stops).transpose(Image.Transpose.ROTATE_270)
        self._cover(shape, upright.resize(shape.grey.size, Image.Resampling.BILINEAR))

    def turn(self, axis: float, profile: Sequence[Point], stops: Stops) -> None:
        """Paint a body as from a lathe: ``(half width, y)`` from top to bottom, stops across its full width."""
        colours = strip(stops)
        for half, y in widths([(half * OVERSIZE, y * OVERSIZE) for half, y in profile]):
            row = Image.new("L", (max(round(2 * half), 1), 1), 255)
            shape = Shape(round(axis * OVERSIZE - half), round(y), row)
            self._cover(shape, colours.resize(row.size, Image.Resampling.BILINEAR))

    def tint(self, shape: Shape, colour: Colour, *, opacity: float) -> None:
        """Lay light or shade over the product, in the given shape."""
        veil = shape.within(Shape(0, 0, self._mask))
        faint = veil.grey.point(lambda level: round(level * opacity))
        self._colours.paste(colour, self._box(veil), faint)

    def _cover(self, shape: Shape, colours: Image.Image) -> None:
        box = self._box(shape)
        self._mask.paste(ImageChops.lighter(self._mask.crop(box), shape.grey), box)
        self._colours.paste(colours, box, shape.grey)

    def _box(self, shape: Shape) -> tuple[int, int, int, int]:
        return (shape.left, shape.top, shape.left + shape.grey.width, shape.top + shape.grey.height)
