"""Pixels as the rest of cutoutd needs them: upright, and in one of few pixel modes.

The upright copy is only for sending; the photo is never touched. It needs three bytes a pixel, twice: call it in a
thread, and few at a time.
"""

from io import BytesIO

from PIL import Image
from PIL.ImageFile import ImageFile

from cutoutd.images.structure.formats import UPRIGHT, Format, open_picture
from cutoutd.images.validation import ImageInfo

_LEVELS_16_PER_8 = 257
_OPAQUE = (255, 255)
_WITH_ALPHA = frozenset({"RGBA", "LA"})

_Turn = Image.Transpose

#: By EXIF orientation, the turn that brings the stored picture upright (EXIF 2.3, 4.6.4 A; as Pillow's exif_transpose).
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
    """Return the picture turned as its EXIF orientation asks, in its own format. An upright one comes back as it is.

    A PNG loses nothing but bits: Pillow reads 16 a colour channel as 8, as in the results of Uploadcare. A
    JPEG is written anew with quality 95 and no chroma subsampling. Colours keep their ICC profile; EXIF, XMP and
    comments are dropped. The copy may be larger than the photo, so check its size.

    Raises:
        RejectedError: ``damaged``, the pixels cannot be decoded.
    """
    if picture.orientation == UPRIGHT:
        return content
    with open_picture(content, picture.format) as image:
        return _encode(turned_upright(image, picture.orientation), image, picture.format)


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as viewers show it; the same object if it is upright."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _encode(turned: Image.Image, original: ImageFile, picture_format: Format) -> bytes:
    copy = BytesIO()
    icc_profile = original.info.get("icc_profile")
    if picture_format is Format.PNG:
        turned.save(copy, "PNG", icc_profile=icc_profile)
    else:
        # An empty comment, because Pillow would else copy that of the original.
        turned.save(copy, "JPEG", quality=95, subsampling=0, icc_profile=icc_profile, comment=b"")
    return copy.getvalue()


def in_plain_mode(image: Image.Image) -> Image.Image:
    """Return the picture as L, LA, RGB, RGBA or CMYK: eight bits a channel; the same object if it is one already.

    All but CMYK can be scaled smoothly and written as PNG, or without alpha as JPEG.
    """
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
    """Return the picture without an alpha channel that makes nothing transparent. Many programs write one."""
    if has_alpha(image) and image.getchannel("A").getextrema() == _OPAQUE:
        return image.convert("RGB" if image.mode == "RGBA" else "L")
    return image


def has_alpha(image: Image.Image) -> bool:
    """Return True if a picture in a plain mode has an alpha channel."""
    return image.mode in _WITH_ALPHA
