"""Titles on the contact sheet: which font draws them, and what is drawn of names that no font here can draw.

Owns fonts and nothing else of the sheet. Pillow's built-in font looks best but knows only ASCII, so a common font of
the system steps in when a title needs more.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "FreeSans.ttf")
_NO_CHARACTER = "\uffff"
"""Every font draws its sign for a missing glyph in its place."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """One font, and titles as it can draw them."""

    font: Font

    def fitted(self, title: str, width_px: int) -> str:
        """The title on one line, shortened in the middle if it is wider than this."""
        fitted = drawable = self._drawable(title)
        kept = len(drawable)
        while self.font.getlength(fitted) > width_px:
            kept -= 1
            fitted = f"{drawable[: kept // 2]}…{drawable[len(drawable) - kept // 2 :]}"
        return fitted

    def missing(self, titles: Iterable[str]) -> int:
        """How many different characters of the titles this font has no glyph for."""
        return sum(not self._is_drawable(sign) for sign in set().union(*map(_readable, titles)))

    def _drawable(self, title: str) -> str:
        """The title without what the font lacks; of an accented letter at least the letter stays."""
        signs = ((sign, unicodedata.normalize("NFD", sign)[0]) for sign in _readable(title))
        drawn = (next(filter(self._is_drawable, choices), "") for choices in signs)
        return " ".join("".join(drawn).split())

    def _is_drawable(self, sign: str) -> bool:
        return sign == " " or bytes(self.font.getmask(sign)) != bytes(self.font.getmask(_NO_CHARACTER))


def lettering_for(titles: Sequence[str], size_px: int) -> Lettering:
    """The built-in font, or the first of the system's fonts that can draw more of these titles."""
    return min(_letterings(size_px), key=lambda lettering: lettering.missing(titles))


@cache
def _letterings(size_px: int) -> tuple[Lettering, ...]:
    found = [Lettering(ImageFont.load_default(size_px))]
    for name in _SYSTEM_FONTS:
        try:
            found.append(Lettering(ImageFont.truetype(name, size_px)))
        except OSError:
            continue
    return tuple(found)


def _readable(title: str) -> str:
    """File names may hold undecodable bytes and line breaks, and some systems store ``ü`` as two characters."""
    decodable = title.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", " ".join(decodable.split()))
