"""The smaller copy of a photo that is too large to be sent: upright, at most 25 megapixels, within a number of bytes.

First it is scaled down to what a cutout can have anyway, then JPEG quality falls step by step to a floor. The copy is
only for sending; the photo itself is never touched. The same photo gives the same bytes with the same Pillow, so an
upload that is repeated sends nothing else. Blocking and memory-hungry: in a thread, and one at a time (``heavy``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.formats import Format
from cutoutd.images.header import damage_named, open_picture
from cutoutd.images.orientation import has_alpha, in_plain_mode, turned_upright, without_idle_alpha
from cutoutd.images.validation import SCALED_ABOVE_MEGAPIXELS, ImageInfo, format_size

#: A larger file is not even read to be shrunk: it is held in memory, beside its pixels.
LARGEST_SOURCE_BYTES = 250_000_000

#: Tried in this order. Below the last, edges begin to show what the compression did, and so would the cutout.
QUALITIES = (95, 92, 89, 85, 80, 75)

#: Down to here, colours keep their full resolution: the edges of a red subject are what a cutout is about.
_FULL_COLOUR_DOWN_TO = 85

_MOST_PIXELS = SCALED_ABOVE_MEGAPIXELS * 1_000_000
_JPEG_MAX_SIDE = 65_500  #: libjpeg's own limit, just under the format's


@dataclass(frozen=True, slots=True)
class SmallerCopy:
    """A copy, and what was done to make it."""

    content: bytes
    width: int
    height: int
    quality: int | None  #: of a JPEG; None: a PNG, which lost nothing but its size

    @property
    def words(self) -> str:
        """What was done, for the photo's note and history."""
        kind = "PNG" if self.quality is None else f"JPEG quality {self.quality}"
        return f"sent as a copy of {self.width} x {self.height} pixels, {kind}"


def make_smaller(content: bytes, picture: ImageInfo, max_bytes: int) -> SmallerCopy:
    """The first copy that has no more than ``max_bytes``.

    Colours keep their ICC profile; EXIF, XMP and comments are dropped. A PNG stays one if that is enough (16 bits a
    channel become 8, as the service's results have it); else it becomes a JPEG, unless a pixel of it is transparent.

    Raises:
        RejectedError: ``too_large``, no copy is small enough; ``damaged``, its pixels cannot be decoded.
    """
    pixels, icc_profile = _pixels_to_send(content, picture)
    with damage_named():
        found, smallest_bytes = _first_within(max_bytes, _copies(pixels, picture.format, icc_profile))
    if found is None:
        raise _too_large(len(content), pixels, smallest_bytes, max_bytes)
    return found


def size_to_send(width: int, height: int) -> tuple[int, int]:
    """Width and height within 25 megapixels and what a JPEG can have, in the same proportion."""
    scale = min(1.0, (_MOST_PIXELS / (width * height)) ** 0.5, _JPEG_MAX_SIDE / max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _pixels_to_send(content: bytes, picture: ImageInfo) -> tuple[Image.Image, bytes | None]:
    """Decoded, scaled and turned; the picture at full size is forgotten when this returns."""
    size = size_to_send(picture.width, picture.height)
    with open_picture(content, picture.format) as image:
        icc_profile = image.info.get("icc_profile")
        # A JPEG decodes at half, a quarter or an eighth for a fraction of the memory, as long as enough is left.
        image.draft(None, size)
        pixels = in_plain_mode(image)
        # Whatever Pillow would write along by itself goes no further: comments, XMP, a colour that means "nothing".
        pixels.info = {}
        if pixels.size != size:
            pixels = pixels.resize(size, Image.Resampling.LANCZOS)
        return turned_upright(without_idle_alpha(pixels), picture.orientation), icc_profile


def _copies(pixels: Image.Image, picture_format: Format, icc_profile: bytes | None) -> Iterator[SmallerCopy]:
    """The possible copies, best first, each made when it is asked for."""
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
    """The first that fits; else None, and how small the last one was."""
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
