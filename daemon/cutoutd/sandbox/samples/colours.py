"""Colours of the sample products, and the soft changes between them.

Pure values and strips of pixels; `easel` stretches a strip over a shape.
"""

from collections.abc import Sequence

from PIL import Image

Colour = tuple[int, int, int]
Stops = Sequence[tuple[float, Colour]]
"""Colours at places from 0 to 1, in order, the first at 0 and the last at 1."""

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

_STRIP_PX = 256


def strip(stops: Stops) -> Image.Image:
    """A picture one pixel high with the colours between the stops."""
    colours = Image.new("RGB", (_STRIP_PX, 1))
    for column in range(_STRIP_PX):
        colours.putpixel((column, 0), _colour_at(stops, column / (_STRIP_PX - 1)))
    return colours


def shaded(colour: Colour, light: float) -> Colour:
    """The colour in more (over 1) or less light."""
    red, green, blue = (min(255, round(channel * light)) for channel in colour)
    return red, green, blue


def _colour_at(stops: Stops, place: float) -> Colour:
    before = max((stop for stop in stops if stop[0] <= place), key=lambda stop: stop[0])
    after = min((stop for stop in stops if stop[0] >= place), key=lambda stop: stop[0])
    share = (place - before[0]) / ((after[0] - before[0]) or 1)
    red, green, blue = (round(start + (end - start) * share) for start, end in zip(before[1], after[1], strict=True))
    return red, green, blue
