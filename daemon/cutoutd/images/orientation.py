"""The upright copy of a photo that was stored lying: the same picture, turned, with no EXIF left to turn it again.

The copy is only for sending; the photo itself is never touched. Blocking and memory-hungry (three bytes a pixel,
twice), so call it in a thread, and few at a time.

Pillow's many pixel modes made few: grey or colour, with alpha or without, eight bits a channel.

Those can be resized smoothly and written as JPEG (without alpha) or PNG. CMYK stays what it is.
"""

from io import BytesIO

from PIL import Image
from PIL.ImageFile import ImageFile

from cutoutd.images.formats import Format
from cutoutd.images.header import UPRIGHT, open_picture
from cutoutd.images.validation import ImageInfo

_LEVELS_16_PER_8 = 257
_OPAQUE = (255, 255)
_WITH_ALPHA = frozenset({"RGBA", "LA"})


def in_plain_mode(image: Image.Image) -> Image.Image:
    """The picture as L, LA, RGB, RGBA or CMYK; the same object if it is one already."""
    image.load()
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda level: level / _LEVELS_16_PER_8).convert("L")
    if image.mode in _WITH_ALPHA:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGB") if image.mode == "P" else image


def without_idle_alpha(image: Image.Image) -> Image.Image:
    """Many programs write an alpha channel in which nothing is transparent: it is left out."""
    if has_alpha(image) and image.getchannel("A").getextrema() == _OPAQUE:
        return image.convert("RGB" if image.mode == "RGBA" else "L")
    return image


def has_alpha(image: Image.Image) -> bool:
    """Whether a picture in a plain mode has an alpha channel."""
    return image.mode in _WITH_ALPHA


_Turn = Image.Transpose

#: By EXIF orientation, what brings the stored picture upright (EXIF 2.3, 4.6.4 A; as Pillow's exif_transpose has it).
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}


def make_upright(content: bytes, picture: ImageInfo) -> bytes:
    """The picture turned as its EXIF orientation asks, in its own format; colours keep their ICC profile.

    PNG loses nothing (but Pillow reads 16 bits a colour channel as 8, as the service's results have it), JPEG is
    written anew with quality 95 and no chroma subsampling. EXIF, XMP and comments are dropped. The copy may be larger
    than the photo: check its size. An upright picture comes back as it is.

    Raises:
        RejectedError: ``damaged``, the pixels cannot be decoded.
    """
    if picture.orientation == UPRIGHT:
        return content
    with open_picture(content, picture.format) as image:
        return _encode(turned_upright(image, picture.orientation), image, picture.format)


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as people see it; the same object if it is upright."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _encode(turned: Image.Image, original: ImageFile, picture_format: Format) -> bytes:
    copy = BytesIO()
    icc_profile = original.info.get("icc_profile")
    if picture_format is Format.PNG:
        turned.save(copy, "PNG", icc_profile=icc_profile)
    else:
        # An empty comment, because Pillow would carry the original's over.
        turned.save(copy, "JPEG", quality=95, subsampling=0, icc_profile=icc_profile, comment=b"")
    return copy.getvalue()
