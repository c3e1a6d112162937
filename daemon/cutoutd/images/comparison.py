"""Whether a cutout can be of a photo: where it is opaque, it must show the photo's own pixels.

Asked only before adopting a result whose removal was lost sight of, so that no photo ever gets another one's cutout.
Both pictures are decoded here: the one place besides the upright copy where that happens.
"""

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageChops, ImageStat
from PIL.ImageFile import ImageFile

from cutoutd.core.errors import RejectedError
from cutoutd.images.formats import HEAD_BYTES, Format, recognise
from cutoutd.images.header import FIRST_LYING, open_picture, orientation_of
from cutoutd.images.orientation import in_plain_mode, turned_upright

#: Sides of the reduced pictures: small enough to forgive the service's rescaling, large enough to tell photos apart.
_REDUCED_SIDE = 128

#: A pixel counts as opaque from here on; nearer edges mix subject and nothing.
_OPAQUE_FROM = 250

#: Below this share of opaque pixels there is too little to compare.
_LEAST_OPAQUE_SHARE = 0.005

#: Mean difference of the opaque pixels, of 255. Compression stays below 2, another photo of the same set above 10.
_MOST_DIFFERENCE = 5.0


#: A photo is kept this wide for comparisons: several pixels for each of the reduced picture.
_KEPT_WIDTH = 8 * _REDUCED_SIDE

#: A scaled side is a whole number of pixels, and so is a scaled copy of which it is the scaled side.
_ROUNDING_PIXELS = 2


@dataclass(frozen=True, slots=True)
class ReferenceImage:
    """What a photo looks like, upright, in a few megabytes."""

    width: int
    height: int
    picture: Image.Image


def reference_image(source: bytes) -> ReferenceImage | None:
    """A photo's likeness; None when it cannot be decoded. Blocking; for a moment it needs the memory of a shrinking."""
    picture_format = recognise(source[:HEAD_BYTES], "")
    if not isinstance(picture_format, Format):
        return None
    try:
        with open_picture(source, picture_format) as photo:
            return _likeness(photo)
    except RejectedError:
        return None


def _likeness(photo: ImageFile) -> ReferenceImage:
    orientation, (width, height) = orientation_of(photo), photo.size
    shrunk_by = max(1, (height if orientation >= FIRST_LYING else width) // _KEPT_WIDTH)
    # A JPEG does a part of it while decoding.
    photo.draft(None, (width // shrunk_by, height // shrunk_by))
    plain = in_plain_mode(photo).convert("RGB")
    picture = turned_upright(plain.reduce(max(1, shrunk_by * plain.width // width)), orientation)
    return (
        ReferenceImage(height, width, picture) if orientation >= FIRST_LYING else ReferenceImage(width, height, picture)
    )


def is_cutout_of(photo: ReferenceImage | None, cutout: BinaryIO) -> bool:
    """Compare the opaque pixels; False when they differ, when there are too few, or when either cannot be decoded.

    Only for removals that neither move nor resize the subject; a smaller copy may have been sent.
    """
    if photo is None:
        return False
    cutout.seek(0)
    try:
        with open_picture(cutout.read(), Format.PNG) as result:
            return _agree(photo, result)
    except RejectedError:
        return False


def _agree(photo: ReferenceImage, result: Image.Image) -> bool:
    # Along the shorter side, where a pixel of rounding changes the proportion most.
    long, short = max(photo.width, photo.height), min(photo.width, photo.height)
    shown_long, shown_short = (result.width, result.height) if long == photo.width else (result.height, result.width)
    if abs(shown_long * short / long - shown_short) > _ROUNDING_PIXELS:
        return False
    size = (_REDUCED_SIDE, max(1, round(_REDUCED_SIDE * result.height / result.width)))
    # Premultiplied while reducing, or transparent pixels of any colour would bleed into their neighbours.
    shown = result.convert("RGBA").convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    opaque = shown.getchannel("A").point(lambda alpha: 255 if alpha >= _OPAQUE_FROM else 0)
    if ImageStat.Stat(opaque).mean[0] / 255 < _LEAST_OPAQUE_SHARE:
        return False
    difference = ImageChops.difference(photo.picture.resize(size, Image.Resampling.BOX), shown.convert("RGB"))
    return max(ImageStat.Stat(difference, opaque).mean) <= _MOST_DIFFERENCE
