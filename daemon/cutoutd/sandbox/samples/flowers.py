"""Flowers and leaves for the vase in `turned`.

Paints on an easel, in final pixels.
"""

import math

from cutoutd.sandbox.samples.canvas import Easel
from cutoutd.sandbox.samples.colours import BLACK, Colour
from cutoutd.sandbox.samples.curves import Point
from cutoutd.sandbox.samples.shapes import Shape, ellipse, outline, stroke

_PETALS = 9
_PETAL: list[Point] = [(0, 0), (0.55, -0.26), (0.9, -0.2), (1, 0), (0.9, 0.2), (0.55, 0.26)]
"""One petal's outline: along its middle, and to its side."""


def paint_leaf(easel: Easel, root: Point, tip: Point) -> None:
    """A leaf from ``root`` to ``tip`` that bends upward."""
    (x, y), (to_x, to_y) = root, tip
    across, down = (to_x - x) / 2, (to_y - y) / 2
    above = (x + across + down * 0.22, y + down - across * 0.22 - 50)
    below = (x + across - down * 0.22, y + down + across * 0.22 - 50)
    leaf = outline([root, above, tip, below])
    easel.shade_across(leaf, [(0, (56, 118, 60)), (0.5, (106, 170, 84)), (1, (48, 104, 56))])
    vein = stroke([root, ((above[0] + below[0]) / 2, (above[1] + below[1]) / 2), tip], 4)
    easel.tint(vein.within(leaf), (40, 84, 46), opacity=0.6)


def paint_flower(easel: Easel, centre: Point, radius: float, petal: Colour) -> None:
    """Two rounds of petals, the inner one smaller and lighter, and a heart."""
    red, green, blue = petal
    light = (min(255, red + 22), min(255, green + 44), min(255, blue + 44))
    for colour, reach, first in ((petal, radius, 0.0), (light, radius * 0.72, 0.35)):
        for index in range(_PETALS):
            shape = _petal(centre, reach, turn=first + index * math.tau / _PETALS)
            easel.fill(shape, colour)
            easel.tint(ellipse(centre, reach / 2, reach / 2).softened(14).within(shape), BLACK, opacity=0.18)
    heart = ellipse(centre, radius * 0.2, radius * 0.2)
    easel.fill(heart, (104, 62, 24))
    gleam = ellipse((centre[0] - radius * 0.05, centre[1] - radius * 0.05), radius * 0.1, radius * 0.1)
    easel.tint(gleam.softened(4).within(heart), (226, 168, 72), opacity=0.9)


def _petal(centre: Point, reach: float, *, turn: float) -> Shape:
    along, aside = reach * math.cos(turn), reach * math.sin(turn)
    return outline([(centre[0] + x * along - y * aside, centre[1] + x * aside + y * along) for x, y in _PETAL])
