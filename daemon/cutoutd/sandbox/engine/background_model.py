"""The model of the background, from which GrabCut starts.

Its colour changes smoothly over the picture, as studio light does. It is fitted to a thin frame of border pixels.
"""

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_FRAME_SHARE = 0.02
_ROUNDS = 3
"""Rounds of fitting; each leaves out the pixels that did not fit, because a subject may touch the border."""
_MIN_DISTANCE = 7.0
"""In Lab units; a smaller distance is paper or noise."""
_DISTANCE_PER_SPREAD = 4.0
_SHADE_WEIGHT = 0.45
"""Lightness counts less than colour, because a soft shadow is darker but has the colour of the background."""
_BUSY_SPREAD = 9.0
"""A border that varies more than this is no studio backdrop."""
_NOISE_SPREAD = 3.0
"""A border that varies less than this is plain for sure, also if nothing stands out from it."""
_MIN_SHARE = 0.02
"""If less than this share stands out from an uneven border, the border is no backdrop."""
_MIDDLE_SHARE, _CORE_SHARE = 0.8, 0.3


def seeds(pixels: Pixels) -> Pixels:
    """Return one of GrabCut's four labels for each pixel of an RGB picture.

    Pixels that stand out from a plain backdrop are probably foreground, even at the border. Without a plain backdrop,
    the picture's middle is foreground and its border is not.
    """
    height, width = pixels.shape[:2]
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), dtype=np.float32)
    distance, spread = _distance_from_backdrop(lab)
    stands_out = distance > max(_MIN_DISTANCE, spread * _DISTANCE_PER_SPREAD)
    is_plain = spread < (_BUSY_SPREAD if stands_out.mean() > _MIN_SHARE else _NOISE_SPREAD)
    labels = np.where(stands_out, cv2.GC_PR_FGD, cv2.GC_PR_BGD) if is_plain else _middle(height, width)
    labels[_frame(height, width) & ~(stands_out & is_plain)] = cv2.GC_BGD
    return labels.astype(np.uint8)


def _middle(height: int, width: int) -> npt.NDArray[np.int_]:
    """Label the centre as foreground for sure, and the rest but the border as probable foreground."""
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    inner = np.maximum(abs(y), abs(x)) < _MIDDLE_SHARE
    return np.where(x * x + y * y < _CORE_SHARE**2, cv2.GC_FGD, np.where(inner, cv2.GC_PR_FGD, cv2.GC_PR_BGD))


def _frame(height: int, width: int) -> Mask:
    thickness = max(1, round(min(height, width) * _FRAME_SHARE))
    border = np.ones((height, width), dtype=np.bool_)
    border[thickness:-thickness, thickness:-thickness] = False
    return border


def _distance_from_backdrop(lab: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the distance of each pixel from the backdrop, and its root mean square along the border."""
    height, width = lab.shape[:2]
    terms = _smooth_terms(height, width)
    border = _frame(height, width)
    fitted = border
    distance, spread = np.zeros((height, width), dtype=np.float32), 0.0
    for _ in range(_ROUNDS):
        coefficients, *_rest = np.linalg.lstsq(terms[fitted], lab[fitted], rcond=None)
        difference = (lab - terms @ coefficients.astype(np.float32)) * np.array([_SHADE_WEIGHT, 1, 1], dtype=np.float32)
        distance = np.sqrt((difference**2).sum(axis=2))
        spread = float(np.sqrt((distance[fitted] ** 2).mean()))
        fitted = border & (distance <= max(2 * spread, 1.0))
    return distance, spread


def _smooth_terms(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return the terms of a quadratic surface at each pixel."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
