"""One picture on its square tile: a photo filling its tile, a cutout on a checkerboard.

Owns reading pictures for the contact sheet, one at a time, so that a sheet of 12-megapixel photos needs the memory of
one of them.
"""

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps

TILE_PX = 336

_WHITE, _SQUARE_GREY = (255, 255, 255), (228, 228, 230)
_SQUARE_PX = 16
_CORNER_PX, _SMOOTHING = 14, 4
_BLUR_PX = 28


def photo_tile(path: Path) -> Image.Image:
    """The photo, upright, in front of its own blur; an empty tile if it cannot be read."""
    picture = _small(path)
    if picture is None:
        return Image.new("RGB", (TILE_PX, TILE_PX), _WHITE)
    backdrop = Image.new("RGB", (TILE_PX, TILE_PX), _WHITE)
    filling = ImageOps.fit(picture, backdrop.size).filter(ImageFilter.GaussianBlur(_BLUR_PX))
    backdrop.paste(filling, mask=filling.getchannel("A"))
    return _centred(picture, backdrop)


def cutout_tile(path: Path) -> Image.Image:
    """The cutout on a checkerboard, which shows where it is transparent; the bare board if it cannot be read."""
    picture = _small(path)
    return _checkerboard() if picture is None else _centred(picture, _checkerboard())


@cache
def rounded_corners() -> Image.Image:
    """The mask with which tiles are put on the sheet."""
    side = TILE_PX * _SMOOTHING
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), _CORNER_PX * _SMOOTHING, 255)
    return mask.reduce(_SMOOTHING)


def _small(path: Path) -> Image.Image | None:
    """The picture, upright and small, with transparency; `thumbnail` has a JPEG decoded at a fraction of its size."""
    try:
        with Image.open(path) as stored:
            stored.thumbnail((TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
            return ImageOps.exif_transpose(stored).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
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
