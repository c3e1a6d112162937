"""The careful engine: OpenCV's GrabCut, which starts from a model of the background.

It searches on a reduced picture; `matting` carries the outline back to full size. Importing this module imports OpenCV,
which takes 0.2 s.
"""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from cutoutd.sandbox.engine import background_model
from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.matting import refine

Pixels = npt.NDArray[np.uint8]

_SEARCH_SIDE_PX = 400
"""GrabCut's time grows faster than the area; at this size a photo takes about 0.4 s."""
_ITERATIONS = 3
_FOREGROUND = (cv2.GC_FGD, cv2.GC_PR_FGD)
_MIN_SHARE = 0.001
"""Less foreground than this share of the picture is noise."""
_MAX_SPECK_SHARE = 0.02
"""Pieces smaller than this share of the largest are specks."""


def find_foreground(picture: Image.Image, region: Box) -> Image.Image:
    """Return the mask of an RGB picture, grey and of its size: 255 is foreground; 0 outside of ``region``."""
    reduced = picture.copy()
    reduced.thumbnail((_SEARCH_SIDE_PX, _SEARCH_SIDE_PX), Image.Resampling.BOX, reducing_gap=2)
    pixels = np.asarray(reduced)
    found = _search(pixels) * _inside(region, picture, reduced)
    if found.mean() < _MIN_SHARE:
        return Image.new("L", picture.size)
    mask = refine(picture, pixels, _without_specks(found))
    kept = Image.new("L", picture.size)
    bounds = (int(region.left), int(region.top), int(region.right), int(region.bottom))
    kept.paste(mask.crop(bounds), bounds)
    return kept


def _inside(region: Box, picture: Image.Image, reduced: Image.Image) -> npt.NDArray[np.bool_]:
    horizontal, vertical = reduced.width / picture.width, reduced.height / picture.height
    rows, columns = np.ogrid[: reduced.height, : reduced.width]
    inside_rows = (rows >= region.top * vertical) & (rows < region.bottom * vertical)
    return np.asarray(inside_rows & (columns >= region.left * horizontal) & (columns < region.right * horizontal))


def _search(pixels: Pixels) -> Pixels:
    """Return the foreground as zeros and ones.

    The whole picture is searched, because a part of the subject outside of a region would count as background.
    """
    labels = background_model.seeds(pixels)
    if np.isin(labels, _FOREGROUND).mean() < _MIN_SHARE:
        return np.zeros_like(labels)
    cv2.setRNGSeed(0)  # because GrabCut starts from random clusters: else the same photo gives other cutouts
    models = np.zeros((2, 1, 65))
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    cv2.grabCut(bgr, labels, (0, 0, 0, 0), models[0], models[1], _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, _FOREGROUND).astype(np.uint8)


def _without_specks(found: Pixels) -> Pixels:
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    areas[0] = 0
    is_kept = areas >= areas.max() * _MAX_SPECK_SHARE
    return np.asarray(is_kept[pieces], dtype=np.uint8)
