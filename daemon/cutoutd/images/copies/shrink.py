"""The smaller copy of a photo that is too large to be sent: upright, at most 25 megapixels, within a number of bytes.

First it is scaled down to the largest size of a cutout. Then the JPEG quality falls step by step to a floor. The copy
is only for sending; the photo is never touched. The same photo gives the same bytes with the same Pillow, so a repeated
upload sends nothing else. It needs much memory: call it through ``picture_memory``.
"""

from PIL import Image

from cutoutd.images.copies.encoding import SentCopy, first_within, possible_copies
from cutoutd.images.copies.modes import in_plain_mode, is_grey_of_16_bits, without_idle_alpha
from cutoutd.images.copies.orientation import turned_upright
from cutoutd.images.structure.colours import Colours, colours_of
from cutoutd.images.structure.formats import open_picture
from cutoutd.images.validation import SCALED_ABOVE_MEGAPIXELS, ImageInfo

#: A larger file is not shrunk, because it would be in memory beside its pixels.
LARGEST_SOURCE_BYTES = 250_000_000

MOST_PIXELS = SCALED_ABOVE_MEGAPIXELS * 1_000_000
_JPEG_MAX_SIDE = 65_500  #: libjpeg's own limit, just under the format's


def make_smaller(content: bytes, picture: ImageInfo, max_bytes: int, most_pixels: int = MOST_PIXELS) -> SentCopy:
    """Return the first copy of at most ``max_bytes`` and ``most_pixels``. Blocking.

    Colours keep their profile, and a PNG its chunks; EXIF, XMP and comments are dropped. 16 bits a colour channel
    become 8, as in the results of Uploadcare; a grey PNG keeps its 16.

    Raises:
        RejectedError: ``too_large``, no copy is small enough; ``damaged``, the pixels cannot be decoded.
    """
    pixels, colours = _pixels_to_send(content, picture, most_pixels)
    return first_within(max_bytes, possible_copies(pixels, picture.format, colours), len(content))


def size_to_send(width: int, height: int, most_pixels: int = MOST_PIXELS) -> tuple[int, int]:
    """Return width and height within the number of pixels and the limit of a JPEG, in the same proportion."""
    scale = min(1.0, (most_pixels / (width * height)) ** 0.5, _JPEG_MAX_SIDE / max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _pixels_to_send(content: bytes, picture: ImageInfo, most_pixels: int) -> tuple[Image.Image, Colours]:
    """Decode, scale and turn. The picture at full size is free again when this returns."""
    size = size_to_send(picture.width, picture.height, most_pixels)
    with open_picture(content, picture.format) as image:
        colours = colours_of(image)
        # A JPEG can be decoded at a half, a quarter or an eighth, for a fraction of the memory.
        image.draft(None, size)
        pixels = image if is_grey_of_16_bits(image) else in_plain_mode(image)
        pixels.load()
        # Empty, because Pillow would else write comments, XMP and a colour that means "nothing" into the copy.
        pixels.info = {}
        if pixels.size != size:
            pixels = pixels.resize(size, Image.Resampling.LANCZOS)
        return turned_upright(without_idle_alpha(pixels), picture.orientation), colours
