"""Fonts for the titles on the contact sheet.

Pillow's built-in font looks best but knows only ASCII. Fonts of the system draw other characters, sign by sign. A sign
that no font has, such as an emoji on a bare server, is written by its name.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageDraw, ImageFont

_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "FreeSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoEmoji-Regular.ttf",
    "Symbola.ttf",
)

#: Every font draws its sign for a missing glyph in place of this character.
_NO_CHARACTER = "\uffff"

#: Signs that change how the sign before them looks, and show nothing by themselves.
_MODIFIERS = frozenset({"\u200d", "\ufe0e", "\ufe0f"})

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class TitleFont:
    """The fonts of one size, the preferred one first."""

    fonts: tuple[Font, ...]

    def fit(self, title: str, width_px: int) -> str:
        """Return the title as one line, shortened in the middle if it is wider than ``width_px``."""
        fitted = whole = " ".join("".join(map(self._drawable, _one_line(title))).split())
        kept = len(whole)
        while self.width_px(fitted) > width_px:
            kept -= 1
            fitted = f"{whole[: kept // 2]}…{whole[len(whole) - kept // 2 :]}"
        return fitted

    def width_px(self, text: str) -> float:
        """Return the width of a text."""
        return sum(font.getlength(run) for font, run in self._runs(text))

    def draw(self, sheet: Image.Image, place: tuple[float, float], text: str, colour: tuple[int, int, int]) -> None:
        """Draw a text, its upper left corner at ``place``."""
        pen, (left, top) = ImageDraw.Draw(sheet), place
        for font, run in self._runs(text):
            pen.text((left, top), run, colour, font)
            left += font.getlength(run)

    def _drawable(self, sign: str) -> str:
        """Return the sign; else its letter without accents; else its name, as in ``:camera:``."""
        letter = unicodedata.normalize("NFD", sign)[0]
        for choice in (sign, letter):
            if self._font_of(choice) is not None:
                return choice
        name = unicodedata.name(sign, "")
        return f":{name.lower().replace(' ', '-')}:" if name and sign not in _MODIFIERS else ""

    def _font_of(self, sign: str) -> Font | None:
        return next((font for font in self.fonts if _has_glyph(font, sign)), None)

    def _runs(self, text: str) -> Iterator[tuple[Font, str]]:
        """Yield the text in runs of one font each."""
        run, run_font = "", self.fonts[0]
        for sign in text:
            font = self._font_of(sign) or self.fonts[0]
            if run and font is not run_font:
                yield run_font, run
                run = ""
            run, run_font = run + sign, font
        yield run_font, run


@cache
def title_font(size_px: int) -> TitleFont:
    """Return the built-in font, and the fonts of the system that step in for it."""
    fonts: list[Font] = [ImageFont.load_default(size_px)]
    for name in _SYSTEM_FONTS:
        try:
            fonts.append(ImageFont.truetype(name, size_px))
        except OSError:
            continue
    return TitleFont(tuple(fonts))


@lru_cache(maxsize=10_000)
def _has_glyph(font: Font, sign: str) -> bool:
    return sign == " " or bytes(font.getmask(sign)) != bytes(font.getmask(_NO_CHARACTER))


def _one_line(title: str) -> str:
    """Return a file name as composed text, because it may hold undecodable bytes, line breaks and split accents."""
    decodable = title.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", " ".join(decodable.split()))
