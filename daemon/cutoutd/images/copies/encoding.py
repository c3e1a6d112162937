"""Copies as bytes: the possible ones of a picture, best first, and the first of them that is small enough.

A JPEG first gets the compression of the photo itself: it does not grow, and loses next to nothing. Then its quality
falls step by step to a floor. The same photo gives the same bytes with the same Pillow.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.copies.modes import has_alpha, in_plain_mode, without_idle_alpha
from cutoutd.images.copies.srgb import profile_of
from cutoutd.images.structure.colours import Colours
from cutoutd.images.structure.formats import Format, named_damage
from cutoutd.images.structure.orientation import FIRST_SIDEWAYS
from cutoutd.images.validation import format_size

#: Tried in this order. Below the last one, compression shows at the edges, and the cutout would show it too.
QUALITIES = (95, 92, 89, 85, 80, 75)

#: Down to here, colours keep their full resolution, because a cutout needs the sharp edges of a red subject.
_FULL_COLOUR_DOWN_TO = 85

_FULL_COLOUR, _HALF_ACROSS = 0, 1  #: values of ``get_sampling``: 4:4:4 and 4:2:2
_PNG_COLOURS_AT = 33  #: behind the signature and IHDR, because they must stand before palette and pixels
_BLOCK = range(8)
_YCBCR_MODES = frozenset({"L", "YCbCr"})


@dataclass(frozen=True, slots=True)
class SentCopy:
    """A copy, and how it was made."""

    content: bytes
    width: int
    height: int
    kind: str  #: in words: "PNG", "JPEG quality 92"
    quality: int | None = None  #: of a JPEG; None: a PNG, or the compression of the photo itself

    @property
    def is_lossier(self) -> bool:
        """True if it has another compression than the photo, and so may look worse."""
        return self.quality is not None

    @property
    def description(self) -> str:
        """The copy in words, for the photo's note and history."""
        return f"sent as a copy of {self.width} x {self.height} pixels, {self.kind}"


@dataclass(frozen=True, slots=True)
class JpegCompression:
    """The compression of a JPEG as it holds for its turned pixels."""

    tables: list[list[int]]  #: quantisation of each component
    subsampling: int
    is_progressive: bool


def compression_of(image: ImageFile, orientation: int) -> JpegCompression | None:
    """Return the compression of an opened JPEG; None if it is no JPEG, or one of other colours than YCbCr and grey."""
    if not isinstance(image, JpegImageFile) or image.mode not in {"L", "RGB"} or image.info.get("adobe_transform") == 0:
        return None
    is_sideways = orientation >= FIRST_SIDEWAYS
    tables = [image.quantization[component[3]] for component in image.layer]
    if is_sideways:
        tables = [[table[8 * column + row] for row in _BLOCK for column in _BLOCK] for table in tables]
    sampling = get_sampling(image)
    # Full, because a JPEG that is halved across would be halved down when it lies, which Pillow cannot write.
    if sampling < 0 or (is_sideways and sampling == _HALF_ACROSS):
        sampling = _FULL_COLOUR
    return JpegCompression(tables, sampling, "progressive" in image.info)


def possible_copies(
    pixels: Image.Image, picture_format: Format, colours: Colours, own: JpegCompression | None = None
) -> Iterator[SentCopy]:
    """Yield the possible copies, best first; each is made when it is wanted.

    A PNG stays one if that is enough. Otherwise it becomes a JPEG, unless a pixel of it is transparent.
    """
    if picture_format is Format.PNG:
        yield _png(pixels, colours)
    pixels = without_idle_alpha(in_plain_mode(pixels))
    if has_alpha(pixels):
        return
    icc_profile = profile_of(colours, is_grey=pixels.mode == "L")
    if own is not None and pixels.mode in _YCBCR_MODES:
        options = {"qtables": own.tables, "subsampling": own.subsampling, "progressive": own.is_progressive}
        yield _jpeg(pixels, "JPEG with the photo's own compression", icc_profile, options)
        yield _jpeg(pixels, "JPEG with the photo's own compression", icc_profile, options | {"optimize": True})
    for quality in QUALITIES:
        subsampling = "4:4:4" if quality >= _FULL_COLOUR_DOWN_TO else "4:2:0"
        options = {"quality": quality, "subsampling": subsampling}
        yield _jpeg(pixels, f"JPEG quality {quality}", icc_profile, options)


def first_within(max_bytes: int, copies: Iterator[SentCopy], photo_bytes: int) -> SentCopy:
    """Return the first copy of at most ``max_bytes``. Blocking.

    Raises:
        RejectedError: ``too_large``, none is small enough; the sentence tells the last one that was tried. ``damaged``,
            the pixels cannot be encoded.
    """
    with named_damage():
        copy = next(copies)
        while len(copy.content) > max_bytes and (worse := next(copies, None)):
            copy = worse
    if len(copy.content) > max_bytes:
        raise _too_large(photo_bytes, copy, max_bytes)
    return copy


def _png(pixels: Image.Image, colours: Colours) -> SentCopy:
    file = BytesIO()
    pixels.save(file, "PNG", icc_profile=colours.icc_profile)
    content = file.getvalue()
    chunks = b"".join(_chunk(*chunk) for chunk in colours.chunks)
    return SentCopy(content[:_PNG_COLOURS_AT] + chunks + content[_PNG_COLOURS_AT:], *pixels.size, "PNG")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _jpeg(pixels: Image.Image, kind: str, icc_profile: bytes | None, options: dict[str, Any]) -> SentCopy:
    file = BytesIO()
    # An empty comment, because Pillow would else copy that of the original.
    pixels.save(file, "JPEG", icc_profile=icc_profile, comment=b"", **options)
    return SentCopy(file.getvalue(), *pixels.size, kind, options.get("quality"))


def _too_large(photo_bytes: int, smallest: SentCopy, max_bytes: int) -> RejectedError:
    kind, advice = smallest.kind, "Scale it down and drop it again."
    if kind == "PNG":
        kind = "PNG, which it has to be because parts of it are transparent,"
        advice = "Scale it down, or save it without transparency, and drop it again."
    return RejectedError(
        RejectionCode.TOO_LARGE,
        f"it is {format_size(photo_bytes)}, and even a copy of {smallest.width} x {smallest.height} pixels as {kind}"
        f" has {len(smallest.content):,} bytes, over the {format_size(max_bytes)} limit",
        advice=advice,
    )
