"""The contact sheet: photos and their cutouts side by side on one picture that any viewer opens.

Pictures are read one at a time, because sixty photos of 12 megapixels would need gigabytes of memory.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from cutoutd.cli.demo.fonts import TitleFont, title_font
from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import RejectedError
from cutoutd.images.structure.formats import HEAD_BYTES, Format, open_picture, recognise
from cutoutd.images.thumbnails import shrunk

#: More would make a picture that many viewers refuse to open.
MAX_PAIRS = 60

TILE_PX = 336

_WHITE, _SQUARE_GREY = (255, 255, 255), (228, 228, 230)
_SQUARE_PX = 16
_CORNER_PX, _SMOOTHING = 14, 4
_BLUR_PX = 28

_PAPER, _INK, _FAINT_INK = (248, 247, 245), (46, 46, 52), (138, 136, 132)
_MARGIN_PX, _TILE_GAP_PX, _CELL_GAP_PX = 56, 10, 40
_HEADING_HEIGHT_PX, _HEADING_FONT_PX, _SMALL_FONT_PX = 76, 30, 17
_CAPTION_HEIGHT_PX, _CAPTION_GAP_PX = 60, 10
_CELL_WIDTH_PX, _CELL_HEIGHT_PX = 2 * TILE_PX + _TILE_GAP_PX, TILE_PX + _CAPTION_HEIGHT_PX
_MAX_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class SheetPair:
    """A photo, its cutout, and the title below them."""

    title: str
    before: Path
    after: Path


def draw_contact_sheet(pairs: Sequence[SheetPair], destination: Path, *, left_out: int = 0) -> None:
    """Draw up to 60 pairs as a PNG at ``destination``; the sheet says how many more there are.

    ``left_out`` more than those given are counted as left out.

    A picture that cannot be read leaves its tile empty. The sheet appears whole or not at all; a crash leaves at most a
    hidden ``.part`` file beside it.

    Raises:
        OSError: The sheet cannot be written.
    """
    sheet = _draw(pairs[:MAX_PAIRS], note=_note(len(pairs) + left_out))
    with replaced(destination) as file:
        sheet.save(file, "PNG")


def _note(count: int) -> str:
    photos = "1 photo" if count == 1 else f"{count} photos"
    return photos if count <= MAX_PAIRS else f"the first {MAX_PAIRS} of {photos}, {count - MAX_PAIRS} left out"


def _draw(pairs: Sequence[SheetPair], *, note: str) -> Image.Image:
    columns = min(max(1, math.ceil(math.sqrt(len(pairs) / 2))), _MAX_COLUMNS)
    width = 2 * _MARGIN_PX + columns * (_CELL_WIDTH_PX + _CELL_GAP_PX) - _CELL_GAP_PX
    height = _MARGIN_PX + _HEADING_HEIGHT_PX + math.ceil(len(pairs) / columns) * _CELL_HEIGHT_PX + _MARGIN_PX // 2
    sheet = Image.new("RGB", (width, height), _PAPER)
    _draw_heading(sheet, note)
    small_font = title_font(_SMALL_FONT_PX)
    for index, pair in enumerate(pairs):
        row, column = divmod(index, columns)
        left = _MARGIN_PX + column * (_CELL_WIDTH_PX + _CELL_GAP_PX)
        _draw_pair(sheet, pair, (left, _MARGIN_PX + _HEADING_HEIGHT_PX + row * _CELL_HEIGHT_PX), small_font)
    return sheet


def _draw_heading(sheet: Image.Image, note: str) -> None:
    pen, baseline = ImageDraw.Draw(sheet), _MARGIN_PX + _HEADING_FONT_PX
    pen.text((_MARGIN_PX, baseline), "Before and after", _INK, title_font(_HEADING_FONT_PX).fonts[0], anchor="ls")
    right = (sheet.width - _MARGIN_PX, baseline)
    pen.text(right, note, _FAINT_INK, title_font(_SMALL_FONT_PX).fonts[0], anchor="rs")


def _draw_pair(sheet: Image.Image, pair: SheetPair, place: tuple[int, int], font: TitleFont) -> None:
    left, top = place
    corners = _rounded_corners()
    sheet.paste(photo_tile(pair.before), place, corners)
    sheet.paste(cutout_tile(pair.after), (left + TILE_PX + _TILE_GAP_PX, top), corners)
    title = font.fit(pair.title, _CELL_WIDTH_PX)
    font.draw(sheet, (left + 2, top + TILE_PX + _CAPTION_GAP_PX), title, _INK)


def photo_tile(path: Path) -> Image.Image:
    """Return the photo, upright, in front of its own blur; an empty tile if it cannot be read."""
    picture = _small(path)
    if picture is None:
        return Image.new("RGB", (TILE_PX, TILE_PX), _WHITE)
    backdrop = Image.new("RGB", (TILE_PX, TILE_PX), _WHITE)
    filling = ImageOps.fit(picture, backdrop.size).filter(ImageFilter.GaussianBlur(_BLUR_PX))
    backdrop.paste(filling, mask=filling.getchannel("A"))
    return _centred(picture, backdrop)


def cutout_tile(path: Path) -> Image.Image:
    """Return the cutout on a checkerboard, which shows through; the bare board if it cannot be read."""
    picture = _small(path)
    return _checkerboard() if picture is None else _centred(picture, _checkerboard())


@cache
def _rounded_corners() -> Image.Image:
    """Return the mask with which tiles are put on the sheet."""
    side = TILE_PX * _SMOOTHING
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), _CORNER_PX * _SMOOTHING, 255)
    return mask.reduce(_SMOOTHING)


def _small(path: Path) -> Image.Image | None:
    """Return the picture, upright and small, with transparency; None if it cannot be read."""
    try:
        with path.open("rb") as file:
            picture_format = recognise(file.read(HEAD_BYTES), "")
            if not isinstance(picture_format, Format):
                return None
            file.seek(0)
            with open_picture(file, picture_format) as stored:
                return shrunk(stored, TILE_PX).convert("RGBA")
    except (OSError, RejectedError):
        return None


def _centred(picture: Image.Image, background: Image.Image) -> Image.Image:
    place = ((TILE_PX - picture.width) // 2, (TILE_PX - picture.height) // 2)
    background.paste(picture, place, picture.getchannel("A"))
    return background


def _checkerboard() -> Image.Image:
    board = Image.new("RGB", (TILE_PX, TILE_PX), _WHITE)
    pen = ImageDraw.Draw(board)
    for top in range(0, TILE_PX, _SQUARE_PX):
        for left in range(top % (2 * _SQUARE_PX), TILE_PX, 2 * _SQUARE_PX):
            pen.rectangle((left, top, left + _SQUARE_PX - 1, top + _SQUARE_PX - 1), _SQUARE_GREY)
    return board
