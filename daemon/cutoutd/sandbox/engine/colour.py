"""Background colours as ``bg_color`` writes them: hexadecimal, without ``#``.

Text comes from `parameters`, the value goes to `composition`. The parser raises ``ValueError`` as in `geometry`.
"""

import re
from dataclasses import dataclass

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
        """The four values in Pillow's order."""
        return self.red, self.green, self.blue, self.opacity


def parse_colour(value: object) -> Colour:
    """Read 3, 4, 6 or 8 digits; a short form doubles each digit, as in CSS."""
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        raise ValueError('3, 4, 6 or 8 hexadecimal digits without #, like "81d4fa77"')
    digits = "".join(2 * digit for digit in value) if len(value) <= _SHORT_DIGITS else value
    return Colour(*bytes.fromhex(digits))
