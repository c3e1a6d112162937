"""The grammar of lengths, regions, positions and background colours, and their meaning in pixels.

Texts come from `parameters`. A parser raises ``ValueError`` with a text that follows the words "must be".
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_HEX = re.compile(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", re.ASCII | re.IGNORECASE)
_SHORT_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green, blue and opacity, each from 0 to 255."""

    red: int
    green: int
    blue: int
    opacity: int = 255

    def as_rgba(self) -> tuple[int, int, int, int]:
        """Return the four values in Pillow's order."""
        return self.red, self.green, self.blue, self.opacity


def parse_colour(value: object) -> Colour:
    """Read 3, 4, 6 or 8 digits; a short form doubles each digit, as in CSS."""
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        raise ValueError('3, 4, 6 or 8 hexadecimal digits without #, like "81d4fa77"')
    digits = "".join(2 * digit for digit in value) if len(value) <= _SHORT_DIGITS else value
    return Colour(*bytes.fromhex(digits))


_NUMBER = r"\d{1,6}(?:\.\d{1,3})?"
_LENGTH = re.compile(rf"({_NUMBER})(px|%)", re.ASCII)
_PERCENT = re.compile(rf"({_NUMBER})%", re.ASCII)


class Unit(StrEnum):
    """The unit of a length."""

    PIXELS = "px"
    PERCENT = "%"


@dataclass(frozen=True, slots=True)
class Length:
    """A length in pixels, or in percent of a whole that is known only later."""

    amount: float
    unit: Unit = Unit.PIXELS

    def pixels_of(self, whole_px: float) -> float:
        """Return the length in pixels; a percentage is taken of ``whole_px``."""
        return self.amount if self.unit is Unit.PIXELS else whole_px * self.amount / 100


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; right and bottom are just outside of it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """The distance from left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """The distance from top to bottom."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a picture in which the foreground is searched."""

    left: Length
    top: Length
    right: Length
    bottom: Length

    def pixels_in(self, width: int, height: int) -> Box:
        """Return the whole pixels of this region in a picture of this size; the box may be empty."""
        return Box(
            left=min(round(self.left.pixels_of(width)), width),
            top=min(round(self.top.pixels_of(height)), height),
            right=min(round(self.right.pixels_of(width)), width),
            bottom=min(round(self.bottom.pixels_of(height)), height),
        )


@dataclass(frozen=True, slots=True)
class Position:
    """The place of the subject in the free space: 0 is left or top, 1 is right or bottom."""

    horizontal: float
    vertical: float


NO_LENGTH = Length(0)
CENTRE = Position(0.5, 0.5)
WHOLE_PICTURE = Region(
    Length(0, Unit.PERCENT), Length(0, Unit.PERCENT), Length(100, Unit.PERCENT), Length(100, Unit.PERCENT)
)


def parse_length(value: object) -> Length:
    """Read ``30px``, ``30%`` or ``0``."""
    if value == "0":
        return Length(0)
    if not isinstance(value, str) or (match := _LENGTH.fullmatch(value)) is None:
        raise ValueError('like "30px" or "30%"')
    return Length(float(match[1]), Unit(match[2]))


def parse_scale(value: object) -> float | None:
    """Read ``original`` (None) or ``10%`` to ``100%`` (a fraction)."""
    if value == "original":
        return None
    fraction = _parse_fraction(value) if isinstance(value, str) else None
    if fraction is None or fraction < 0.1:  # noqa: PLR2004 - the service's own lower bound, 10 %
        raise ValueError('"original" or from "10%" to "100%"')
    return fraction


def parse_position(value: object) -> Position | None:
    """Read ``original`` (None), ``center``, one percentage for both directions, or two."""
    if value == "original":
        return None
    if value == "center":
        return CENTRE
    fractions = [_parse_fraction(part) for part in value.split(" ")] if isinstance(value, str) else []
    match fractions:
        case [float(both)]:
            return Position(both, both)
        case [float(horizontal), float(vertical)]:
            return Position(horizontal, vertical)
    raise ValueError('"original", "center", or one or two values from "0%" to "100%"')


def parse_region(value: object) -> Region:
    """Read ``x1 y1 x2 y2``, all four in one unit."""
    allowed = '"x1 y1 x2 y2" with x1 < x2 and y1 < y2, all in px or all in % up to 100'
    try:
        left, top, right, bottom = (parse_length(part) for part in str(value).split(" "))
    except ValueError as error:
        raise ValueError(allowed) from error
    units = {edge.unit for edge in (left, top, right, bottom)}
    is_too_far = Unit.PERCENT in units and max(right.amount, bottom.amount) > 100  # noqa: PLR2004 - percent
    if len(units) != 1 or is_too_far or left.amount >= right.amount or top.amount >= bottom.amount:
        raise ValueError(allowed)
    return Region(left, top, right, bottom)


def _parse_fraction(text: str) -> float | None:
    match = _PERCENT.fullmatch(text)
    fraction = float(match[1]) / 100 if match else None
    return fraction if fraction is not None and fraction <= 1 else None
