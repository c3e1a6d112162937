"""The smaller copy of a photo that is too large to be sent: upright, at most 25 megapixels, within a number of bytes.

First it is scaled down to the largest size of a cutout. Then the JPEG quality falls step by step to a floor. The copy
is only for sending; the photo is never touched. The same photo gives the same bytes with the same Pillow, so a repeated
upload sends nothing else. It needs much memory: call it through ``memory_gate``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.copies.orientation import has_alpha, in_plain_mode, turned_upright, without_idle_alpha
from cutoutd.images.structure.formats import Format, named_damage, open_picture
from cutoutd.images.validation import SCALED_ABOVE_MEGAPIXELS, ImageInfo, format_size

#: A larger file is not shrunk, because it would be in memory beside its pixels.
LARGEST_SOURCE_BYTES = 250_000_000

#: Tried in this order. Below the last one, compression shows at the edges, and the cutout would show it too.
QUALITIES = (95, 92, 89, 85, 80, 75)

#: Down to here, colours keep their full resolution, because a cutout needs the sharp edges of a red subject.
_FULL_COLOUR_DOWN_TO = 85

MOST_PIXELS = SCALED_ABOVE_MEGAPIXELS * 1_000_000
_JPEG_MAX_SIDE = 65_500  #: libjpeg's own limit, just under the format's


@dataclass(frozen=True, slots=True)
class SmallerCopy:
    """A copy, and how it was made."""

    content: bytes
    width: int
    height: int
    quality: int | None  #: of a JPEG; None: a PNG, which lost nothing but its size

    @property
    def description(self) -> str:
        """The copy in words, for the photo's note and history."""
        kind = "PNG" if self.quality is None else f"JPEG quality {self.quality}"
        return f"sent as a copy of {self.width} x {self.height} pixels, {kind}"


def make_smaller(content: bytes, picture: ImageInfo, max_bytes: int, most_pixels: int = MOST_PIXELS) -> SmallerCopy:
    """Return the first copy of at most ``max_bytes`` and ``most_pixels``. Blocking.

    Colours keep their ICC profile; EXIF, XMP and comments are dropped. A PNG stays one if that is enough. 16 bits a
    channel become 8, as in the results of Uploadcare. Otherwise it becomes a JPEG, unless a pixel of it is transparent.

    Raises:
        RejectedError: ``too_large``, no copy is small enough; ``damaged``, the pixels cannot be decoded.
    """
    pixels, icc_profile = _pixels_to_send(content, picture, most_pixels)
    with named_damage():
        found, smallest_bytes = _first_within(max_bytes, _copies(pixels, picture.format, icc_profile))
    if found is None:
        raise _too_large(len(content), pixels, smallest_bytes, max_bytes)
    return found


def size_to_send(width: int, height: int, most_pixels: int = MOST_PIXELS) -> tuple[int, int]:
    """Return width and height within the number of pixels and the limit of a JPEG, in the same proportion."""
    scale = min(1.0, (most_pixels / (width * height)) ** 0.5, _JPEG_MAX_SIDE / max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _pixels_to_send(content: bytes, picture: ImageInfo, most_pixels: int) -> tuple[Image.Image, bytes | None]:
    """Decode, scale and turn. The picture at full size is free again when this returns."""
    size = size_to_send(picture.width, picture.height, most_pixels)
    with open_picture(content, picture.format) as image:
        icc_profile = image.info.get("icc_profile")
        # A JPEG can be decoded at a half, a quarter or an eighth, for a fraction of the memory.
        image.draft(None, size)
        pixels = in_plain_mode(image)
        # Empty, because Pillow would else write comments, XMP and a colour that means "nothing" into the copy.
        pixels.info = {}
        if pixels.size != size:
            pixels = pixels.resize(size, Image.Resampling.LANCZOS)
        return turned_upright(without_idle_alpha(pixels), picture.orientation), icc_profile


def _copies(pixels: Image.Image, picture_format: Format, icc_profile: bytes | None) -> Iterator[SmallerCopy]:
    """Yield the possible copies, best first; each is made when it is wanted."""
    if picture_format is Format.PNG:
        yield _encoded(pixels, None, icc_profile)
    if not has_alpha(pixels):
        for quality in QUALITIES:
            yield _encoded(pixels, quality, icc_profile)


def _encoded(pixels: Image.Image, quality: int | None, icc_profile: bytes | None) -> SmallerCopy:
    file = BytesIO()
    if quality is None:
        pixels.save(file, "PNG", icc_profile=icc_profile)
    else:
        subsampling = "4:4:4" if quality >= _FULL_COLOUR_DOWN_TO else "4:2:0"
        pixels.save(file, "JPEG", quality=quality, subsampling=subsampling, icc_profile=icc_profile)
    return SmallerCopy(file.getvalue(), pixels.width, pixels.height, quality)


def _first_within(max_bytes: int, copies: Iterator[SmallerCopy]) -> tuple[SmallerCopy | None, int]:
    """Return the first copy that fits; else None, and the size of the last one."""
    size_bytes = 0
    for copy in copies:
        size_bytes = len(copy.content)
        if size_bytes <= max_bytes:
            return copy, size_bytes
    return None, size_bytes


def _too_large(size_bytes: int, pixels: Image.Image, smallest_bytes: int, max_bytes: int) -> RejectedError:
    kind, advice = f"JPEG quality {QUALITIES[-1]}", "Scale it down and drop it again."
    if has_alpha(pixels):
        kind = "PNG, which it has to be because parts of it are transparent,"
        advice = "Scale it down, or save it without transparency, and drop it again."
    return RejectedError(
        RejectionCode.TOO_LARGE,
        f"it is {format_size(size_bytes)}, and even a copy of {pixels.width} x {pixels.height} pixels as {kind}"
        f" has {smallest_bytes:,} bytes, over the {format_size(max_bytes)} limit",
        advice=advice,
    )
