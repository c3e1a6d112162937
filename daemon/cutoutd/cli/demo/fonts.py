"""Fonts for the titles on the contact sheet.

Pillow's built-in font looks best but knows only ASCII. A common font of the system draws titles that need more.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import ImageFont

_SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "FreeSans.ttf")

#: Every font draws its sign for a missing glyph in place of this character.
_NO_CHARACTER = "\uffff"


@dataclass(frozen=True, slots=True)
class TitleFont:
    """A font, and titles as it can draw them."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont

    def fit(self, title: str, width_px: int) -> str:
        """Return the title as one line, shortened in the middle if it is wider than ``width_px``.

        A character without a glyph is left out; of an accented letter at least the letter stays.
        """
        signs = ((sign, unicodedata.normalize("NFD", sign)[0]) for sign in _one_line(title))
        drawn = (next(filter(self.has_glyph, choices), "") for choices in signs)
        fitted = whole = " ".join("".join(drawn).split())
        kept = len(whole)
        while self.font.getlength(fitted) > width_px:
            kept -= 1
            fitted = f"{whole[: kept // 2]}…{whole[len(whole) - kept // 2 :]}"
        return fitted

    def has_glyph(self, sign: str) -> bool:
        """Return True if the font can draw this character."""
        return sign == " " or bytes(self.font.getmask(sign)) != bytes(self.font.getmask(_NO_CHARACTER))


def font_for(titles: Sequence[str], size_px: int) -> TitleFont:
    """Return the first font that lacks the fewest characters of these titles; the built-in font comes first."""
    signs = set("".join(map(_one_line, titles)))
    return min(_fonts(size_px), key=lambda font: sum(not font.has_glyph(sign) for sign in signs))


@cache
def _fonts(size_px: int) -> tuple[TitleFont, ...]:
    fonts = [TitleFont(ImageFont.load_default(size_px))]
    for name in _SYSTEM_FONTS:
        try:
            fonts.append(TitleFont(ImageFont.truetype(name, size_px)))
        except OSError:
            continue
    return tuple(fonts)


def _one_line(title: str) -> str:
    """Return a file name as composed text, because it may hold undecodable bytes, line breaks and split accents."""
    decodable = title.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", " ".join(decodable.split()))
