"""The fast engine for load tests: every colour that differs from the picture's border is foreground.

Plain studio backgrounds suit it; a gradient or a busy background needs `grabcut`. It uses Pillow only.
"""

from PIL import Image, ImageChops, ImageStat

from cutoutd.sandbox.engine.geometry import Box

_FRAME_SHARE = 0.03
_FAINTEST, _CLEAREST = 18, 42
"""Differences of one channel (0 to 255): at most the first is background, at least the second is foreground."""


def find_foreground(picture: Image.Image, region: Box) -> Image.Image:
    """Return the mask of an RGB picture, grey and of its size: 255 is foreground; 0 outside of ``region``."""
    background = Image.new("RGB", picture.size, _border_colour(picture))
    red, green, blue = ImageChops.difference(picture, background).split()
    difference = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = difference.point([_opacity(level) for level in range(256)])
    inside = (int(region.left), int(region.top), int(region.right), int(region.bottom))
    kept = Image.new("L", picture.size)
    kept.paste(mask.crop(inside), inside)
    return kept


def _border_colour(picture: Image.Image) -> tuple[int, int, int]:
    """Return the median colour of a thin frame, because a subject may touch an edge."""
    frame = Image.new("1", picture.size, 1)
    thickness = max(1, round(min(picture.size) * _FRAME_SHARE))
    inner = (thickness, thickness, picture.width - thickness, picture.height - thickness)
    if inner[0] < inner[2] and inner[1] < inner[3]:
        frame.paste(0, inner)
    red, green, blue = ImageStat.Stat(picture, frame).median
    return int(red), int(green), int(blue)


def _opacity(difference: int) -> int:
    return round(255 * min(max((difference - _FAINTEST) / (_CLEAREST - _FAINTEST), 0), 1))
