"""The way from a coarse outline to a soft edge at full size: a colour guided filter (He, Sun, Tang, 2013).

Near the outline, opacity is assumed to be a linear function of colour. The function is found on the reduced picture and
used on the full one. It works in strips, because a whole picture of 12 megapixels would need much more memory.
"""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_WINDOW_PX = (9, 9)
_COLOUR_NOISE = 1e-4
"""Variance of colours (0 to 1) that is noise, not an edge."""
_BAND_PX = 3
"""Distance from the outline, on the reduced picture, within which pixels may be half transparent."""
_FAINTEST, _CLEAREST = 0.12, 0.88
"""Opacities that become 0 and 1, because the filter leaves a veil on both sides."""
_STRIP_ROWS = 256


def refine(picture: Image.Image, reduced: Pixels, found: Pixels | Floats) -> Image.Image:
    """Return the full-size grey mask for ``found``: zeros and ones, or shares of one, of the size of ``reduced``."""
    opacity_by_colour = _opacity_by_colour(np.divide(reduced, 255, dtype=np.float32), found.astype(np.float32))
    band = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _BAND_PX + 1, 2 * _BAND_PX + 1))
    limits = np.dstack([cv2.erode(found, band), cv2.dilate(found, band)]).astype(np.float32)
    mask = Image.new("L", picture.size)
    for top in range(0, picture.height, _STRIP_ROWS):
        strip = np.asarray(picture.crop((0, top, picture.width, min(top + _STRIP_ROWS, picture.height))))
        weights = _enlarged(opacity_by_colour, strip, top=top, of=picture)
        lowest, highest = cv2.split(_enlarged(limits, strip, top=top, of=picture))
        opacity = (weights[:, :, :3] * strip).sum(axis=2) / 255 + weights[:, :, 3]
        stretched = np.clip((opacity - _FAINTEST) / (_CLEAREST - _FAINTEST), lowest, highest)
        mask.paste(Image.fromarray((stretched * 255 + 0.5).astype(np.uint8)), (0, top))
    return mask


def _opacity_by_colour(colours: Floats, opacity: Floats) -> Floats:
    """Return, for each pixel, weights of red, green and blue and a constant; their sum is the opacity near it."""
    mean_colour, mean_opacity = _local_mean(colours), _local_mean(opacity)
    products = colours[:, :, :, None] * colours[:, :, None, :]
    spread = _local_mean(products.reshape(*opacity.shape, 9)).reshape(*opacity.shape, 3, 3)
    spread -= mean_colour[:, :, :, None] * mean_colour[:, :, None, :]
    spread += _COLOUR_NOISE * np.eye(3, dtype=np.float32)
    together = _local_mean(colours * opacity[:, :, None]) - mean_colour * mean_opacity[:, :, None]
    weights = np.linalg.solve(spread, together[:, :, :, None])[:, :, :, 0]
    constant = mean_opacity - (weights * mean_colour).sum(axis=2)
    return _local_mean(np.dstack([weights, constant]).astype(np.float32))


def _local_mean(values: Floats) -> Floats:
    return np.asarray(cv2.blur(values, _WINDOW_PX), dtype=np.float32)


def _enlarged(values: Floats, strip: Pixels, *, top: int, of: Image.Image) -> Floats:
    """Enlarge ``values`` to the size of ``of``, and return the part that belongs to the strip from row ``top``."""
    across, down = values.shape[1] / of.width, values.shape[0] / of.height
    to_small = np.array([[across, 0, across / 2 - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    return np.asarray(
        cv2.warpAffine(
            values,
            to_small,
            (strip.shape[1], strip.shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
