"""Whether a cutout can be of a photo: where it is opaque, it must show the photo's own pixels.

Asked only before adopting a result whose removal was lost sight of, so that no photo ever gets another one's cutout.
Both pictures are decoded here: the one place besides the upright copy where that happens.
"""

import io
from typing import BinaryIO

from PIL import Image, ImageChops, ImageOps, ImageStat

#: Sides of the reduced pictures: small enough to forgive the service's rescaling, large enough to tell photos apart.
_REDUCED_SIDE = 128

#: A pixel counts as opaque from here on; nearer edges mix subject and nothing.
_OPAQUE_FROM = 250

#: Below this share of opaque pixels there is too little to compare.
_LEAST_OPAQUE_SHARE = 0.005

#: Mean difference of the opaque pixels, of 255. Compression stays below 2, another photo of the same set above 10.
_MOST_DIFFERENCE = 5.0


def is_cutout_of(source: bytes, cutout: BinaryIO) -> bool:
    """Compare the opaque pixels; False when they differ, when there are too few, or when either cannot be decoded.

    Only for removals that neither move nor resize the subject.
    """
    try:
        with Image.open(io.BytesIO(source)) as photo, Image.open(cutout) as result:
            return _agree(photo, result)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _agree(photo: Image.Image, result: Image.Image) -> bool:
    upright = ImageOps.exif_transpose(photo).convert("RGB")
    if abs(upright.width / upright.height - result.width / result.height) > 2 / min(result.size):
        return False
    size = (_REDUCED_SIDE, max(1, round(_REDUCED_SIDE * result.height / result.width)))
    # Premultiplied while reducing, or transparent pixels of any colour would bleed into their neighbours.
    shown = result.convert("RGBA").convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    opaque = shown.getchannel("A").point(lambda alpha: 255 if alpha >= _OPAQUE_FROM else 0)
    if ImageStat.Stat(opaque).mean[0] / 255 < _LEAST_OPAQUE_SHARE:
        return False
    difference = ImageChops.difference(upright.resize(size, Image.Resampling.BOX), shown.convert("RGB"))
    return max(ImageStat.Stat(difference, opaque).mean) <= _MOST_DIFFERENCE
