"""What the background looks like, learnt from the picture's border: GrabCut's starting point.

Owns one model: a colour that changes smoothly over the picture (studio light does), fitted to a thin frame of border
pixels. Input is a reduced picture; `grabcut` takes what stands out as probable foreground.
"""

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_FRAME_SHARE = 0.02
_ROUNDS = 3
"""Fits without the pixels that did not fit, so that a subject touching the border does not count as background."""
_MIN_DISTANCE = 7.0
"""In Lab units: less is invisible against paper and noise."""
_DISTANCE_PER_SPREAD = 4.0
_SHADE_WEIGHT = 0.45
"""Lightness counts less than colour: a soft shadow on the ground is darker, but has the background's colour."""
_BUSY_SPREAD = 9.0
"""A border that varies more than this in itself is no studio backdrop."""
_CENTRE_INSET = 0.1


def frame(height: int, width: int) -> Mask:
    """The pixels along the border."""
    thickness = max(1, round(min(height, width) * _FRAME_SHARE))
    border = np.ones((height, width), dtype=np.bool_)
    border[thickness:-thickness, thickness:-thickness] = False
    return border


def stands_out(pixels: Pixels) -> Mask:
    """The pixels of an RGB picture that do not look like its backdrop; of a busy picture, simply its middle."""
    height, width = pixels.shape[:2]
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), dtype=np.float32)
    distance, spread = _distance_from_backdrop(lab)
    if spread > _BUSY_SPREAD:
        middle = np.zeros((height, width), dtype=np.bool_)
        top, left = round(height * _CENTRE_INSET), round(width * _CENTRE_INSET)
        middle[top : height - top, left : width - left] = True
        return middle
    return np.asarray(distance > max(_MIN_DISTANCE, spread * _DISTANCE_PER_SPREAD))


def _distance_from_backdrop(lab: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """How far each pixel is from the backdrop, and the root mean square of that along the border."""
    height, width = lab.shape[:2]
    terms = _smooth_terms(height, width)
    border = frame(height, width)
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
    """The terms of a quadratic surface at each pixel."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
