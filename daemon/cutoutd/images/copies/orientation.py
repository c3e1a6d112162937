"""Upright copies of photos for sending; the photo is never touched.

It takes eight bytes a pixel: call it through ``picture_memory``.
"""

from PIL import Image

from cutoutd.images.copies.encoding import (
    JpegCompression,
    SentCopy,
    compression_of,
    first_within,
    possible_copies,
)
from cutoutd.images.copies.metadata import without_metadata
from cutoutd.images.structure.colours import Colours, colours_of
from cutoutd.images.structure.formats import open_picture
from cutoutd.images.structure.orientation import UPRIGHT
from cutoutd.images.validation import ImageInfo

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


def make_upright(content: bytes, picture: ImageInfo, max_bytes: int) -> SentCopy:
    """Return the picture turned upright, without metadata, in at most ``max_bytes``. Blocking.

    One that is stored upright loses its metadata alone, and nothing else. A turned PNG loses no more than bits: Pillow
    reads 16 a colour channel as 8, as in the results of Uploadcare; grey keeps its 16. A turned JPEG keeps its own
    compression if that is small enough, else its quality falls. Colours keep their profile, and a PNG its chunks.

    Raises:
        RejectedError: ``damaged``, the pixels cannot be decoded; ``too_large``, no copy is small enough.
    """
    if picture.orientation == UPRIGHT:
        bare = without_metadata(content, picture.format)
        return SentCopy(bare, picture.width, picture.height, "it is, without its metadata")
    turned, colours, own = _turned(content, picture)
    return first_within(max_bytes, possible_copies(turned, picture.format, colours, own), len(content))


def _turned(content: bytes, picture: ImageInfo) -> tuple[Image.Image, Colours, JpegCompression | None]:
    """Decode and turn. The picture as it is stored is free again when this returns."""
    with open_picture(content, picture.format) as image:
        colours, own = colours_of(image), compression_of(image, picture.orientation)
        if own is not None:
            image.draft("YCbCr", None)  # as stored, because a detour over RGB rounds
        return turned_upright(image, picture.orientation), colours, own


def turned_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as viewers show it; the same object if it is upright."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
