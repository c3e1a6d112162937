"""Whether a cutout can be of a photo: where it is opaque, it must show the photo's own pixels.

Asked only before adopting a result whose removal was lost sight of, so that no photo ever gets another one's cutout.
Both pictures are decoded here: the one place besides the upright copy where that happens.
"""

from typing import BinaryIO

from PIL import Image, ImageChops, ImageOps, ImageStat

from cutoutd.errors import RejectedError
from cutoutd.pictures.formats import HEAD_BYTES, Format, recognise
from cutoutd.pictures.headers import open_picture

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
    picture_format = recognise(source[:HEAD_BYTES], "")
    if not isinstance(picture_format, Format):
        return False
    cutout.seek(0)
    try:
        with open_picture(source, picture_format) as photo, open_picture(cutout.read(), Format.PNG) as result:
            return _agree(photo, result)
    except RejectedError:
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
