"""The comparison of a cutout with a photo: where the cutout is opaque, it must show the pixels of the photo.

It is needed before a result is adopted after the response to its launch was lost. Else a photo could get the cutout of
another photo. Both pictures are decoded.
"""

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageChops, ImageStat
from PIL.ImageFile import ImageFile

from cutoutd.core.errors import RejectedError
from cutoutd.images.copies.modes import in_plain_mode
from cutoutd.images.copies.orientation import turned_upright
from cutoutd.images.structure.formats import HEAD_BYTES, Format, open_picture, recognise
from cutoutd.images.structure.orientation import FIRST_SIDEWAYS, orientation_of

#: The side of the reduced pictures: small enough to forgive rescaling by Uploadcare, large enough to tell photos apart.
_REDUCED_SIDE = 128

#: The least alpha of an opaque pixel. Below it are the edges, which mix the subject with nothing.
_OPAQUE_FROM = 250

#: Below this share of opaque pixels there is too little to compare.
_LEAST_OPAQUE_SHARE = 0.005

#: Mean difference of the opaque pixels, of 255. Compression stays below 2, another photo of the same set above 10.
_MOST_DIFFERENCE = 5.0

#: The least difference from the other of two photos, by itself and in relation to ours, that tells them apart.
_TOLD_APART_FROM = 0.3
_TOLD_APART_TIMES = 3.0

#: The width of the kept look: several pixels for each pixel of the reduced picture.
_KEPT_WIDTH = 8 * _REDUCED_SIDE

#: Sides are rounded to whole pixels twice: in the copy that was sent, and in its result.
_ROUNDING_PIXELS = 2


@dataclass(frozen=True, slots=True)
class ReferenceImage:
    """The look of a photo, upright, in a few megabytes."""

    width: int
    height: int
    picture: Image.Image


def reference_image(source: bytes) -> ReferenceImage | None:
    """Return the look of a photo; None if it cannot be decoded. Blocking.

    It takes five bytes a pixel: call it through ``picture_memory``.
    """
    picture_format = recognise(source[:HEAD_BYTES], "")
    if not isinstance(picture_format, Format):
        return None
    try:
        with open_picture(source, picture_format) as photo:
            return _look_of(photo)
    except RejectedError:
        return None


def _look_of(photo: ImageFile) -> ReferenceImage:
    orientation, (width, height) = orientation_of(photo), photo.size
    shrunk_by = max(1, (height if orientation >= FIRST_SIDEWAYS else width) // _KEPT_WIDTH)
    # A JPEG decoder shrinks while it decodes.
    photo.draft(None, (width // shrunk_by, height // shrunk_by))
    plain = in_plain_mode(photo)
    # Converted last, because each conversion is another copy of all pixels.
    small = plain.reduce(max(1, shrunk_by * plain.width // width)).convert("RGB")
    picture = turned_upright(small, orientation)
    if orientation >= FIRST_SIDEWAYS:
        width, height = height, width
    return ReferenceImage(width, height, picture)


def is_told_apart(ours: float, other: float) -> bool:
    """Return True if a cutout with these differences from two photos is surely not of the other one.

    Nothing that the service does to pixels makes another photo three times closer than the cutout's own.
    """
    return other >= max(_TOLD_APART_FROM, _TOLD_APART_TIMES * ours)


def difference_from(photo: ReferenceImage | None, cutout: BinaryIO) -> float | None:
    """Return the mean difference of the opaque pixels, of 255; None if the cutout is not of the photo. Blocking.

    None also if the cutout has too few of them, or if either picture cannot be decoded. It fits only removals that
    neither move nor resize the subject; the sent copy may have been smaller.
    """
    if photo is None:
        return None
    cutout.seek(0)
    try:
        with open_picture(cutout.read(), Format.PNG) as result:
            difference = _difference(photo, result)
    except RejectedError:
        return None
    return difference if difference is not None and difference <= _MOST_DIFFERENCE else None


def _difference(photo: ReferenceImage, result: Image.Image) -> float | None:
    # Along the shorter side, because there a rounded pixel changes the proportion most.
    long, short = max(photo.width, photo.height), min(photo.width, photo.height)
    shown_long, shown_short = (result.width, result.height) if long == photo.width else (result.height, result.width)
    if abs(shown_long * short / long - shown_short) > _ROUNDING_PIXELS:
        return None
    size = (_REDUCED_SIDE, max(1, round(_REDUCED_SIDE * result.height / result.width)))
    # Premultiplied, because the colours of transparent pixels would else bleed into their neighbours.
    opaque_or_not = result if result.mode == "RGBA" else result.convert("RGBA")
    shown = opaque_or_not.convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    opaque = shown.getchannel("A").point(lambda alpha: 255 if alpha >= _OPAQUE_FROM else 0)
    if ImageStat.Stat(opaque).mean[0] / 255 < _LEAST_OPAQUE_SHARE:
        return None
    difference = ImageChops.difference(photo.picture.resize(size, Image.Resampling.BOX), shown.convert("RGB"))
    return float(max(ImageStat.Stat(difference, opaque).mean))
