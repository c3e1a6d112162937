"""The validation of a photo before it is sent.

The content decides. Every rejection has a code, advice, and a sentence that reads after the name of the photo and a
colon. The functions get the bytes of a finished file. Nothing leaves the machine, the file is not touched.

Only the pixels decide, and they must be whole. Side data (profiles, texts, resolutions) may be as odd as they like.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO, TypeVar

from PIL.ImageFile import ImageFile

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.images.damage.jpeg_pixels import has_all_pixels, require_jpeg_pixels
from cutoutd.images.damage.png_pixels import require_png_pixels
from cutoutd.images.structure.colours import colours_of
from cutoutd.images.structure.formats import (
    HEAD_BYTES,
    SAVE_AS_ADVICE,
    Format,
    color_space_of,
    open_picture,
    recognise,
    structure_errors,
)
from cutoutd.images.structure.jpeg_segments import EOI, walk_segments
from cutoutd.images.structure.mending import mended
from cutoutd.images.structure.orientation import FIRST_SIDEWAYS, read_orientation
from cutoutd.images.structure.picture_hash import ExifLook, jpeg_sha256, png_sha256
from cutoutd.images.structure.png_chunks import IEND, walk_chunks

#: Decoding a turned photo must not take the machine down: 250 megapixels are 750 MB once decoded. The largest phone
#: sensors have 200. A file of 12 MB with more than 250 would spend less than half a bit on a pixel.
MAX_MEGAPIXELS = 250
MAX_SIDE = 65_535  #: the limit of a JPEG; a larger upright copy or result could not be written
SCALED_ABOVE_MEGAPIXELS = 25  #: docs/uploadcare.md 1

T = TypeVar("T")

_NAMED_FORMATS = {".png": "a PNG", ".jpg": "a JPEG", ".jpeg": "a JPEG", ".jpe": "a JPEG", ".jfif": "a JPEG"}
_COPY_AGAIN = "Copy it again from where it came from; cutoutd then takes it up by itself."


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The header of an acceptable photo."""

    format: Format
    width: int
    height: int
    orientation: int  #: EXIF, 1 to 8; width and height are as stored, before it is applied
    has_alpha: bool
    sha256: str  #: of the picture itself, whatever the file says about it
    is_disputed: bool = False  #: True if other programs may read another orientation, or refuse it
    colours: str | None = None  #: the name of colours other than those of sRGB
    note: str | None = None  #: a remark for the user, although all is well

    @property
    def is_sideways(self) -> bool:
        """True if width and height change places when the photo is turned upright."""
        return self.orientation >= FIRST_SIDEWAYS

    @property
    def megapixels(self) -> float:
        """The number of pixels, in millions."""
        return self.width * self.height / 1e6


def require_size(size_bytes: int, max_bytes: int) -> None:
    """Refuse a file that is empty or over the limit, before a byte of it is read.

    Raises:
        RejectedError: ``empty`` or ``too_large``, with both numbers.
    """
    if size_bytes == 0:
        raise RejectedError(RejectionCode.EMPTY, "it is empty (0 bytes)", advice=_COPY_AGAIN)
    if size_bytes > max_bytes:
        raise RejectedError(
            RejectionCode.TOO_LARGE,
            f"{_size_over(size_bytes, max_bytes)} is over the {format_size(max_bytes)} limit",
            advice="Save it smaller or with a lower JPEG quality and drop it again.",
        )


def validate(content: bytes, name: str) -> ImageInfo:
    """Return what the header of the photo says.

    Args:
        content: the whole file.
        name: its name or path, because the sentence says if it promises another format.

    Raises:
        RejectedError: it is not a JPEG or PNG that can be sent.
    """
    picture_format = _require_format(content, name)
    if picture_format is Format.PNG:
        return _validate_png(content)
    return _validate_jpeg(content)


def _validate_jpeg(content: bytes) -> ImageInfo:
    segments = _parts(walk_segments, content)
    has_end = bool(segments) and segments[-1].marker == EOI
    with structure_errors():
        sound = mended(content, has_end=has_end)
    if sound is not content:
        segments = _parts(walk_segments, sound)
    if not has_end and not has_all_pixels(sound, segments):
        raise _truncated(content)
    with open_picture(sound[: segments[-1].end], Format.JPEG) as image:
        picture = _describe(image, Format.JPEG, jpeg_sha256(sound, segments, _look_of(image)))
    _require_sane_dimensions(picture)
    if has_end:
        with structure_errors():
            require_jpeg_pixels(sound, segments)
    else:
        picture = replace(picture, note=_joined(picture.note, "its end marker is missing, and its pixels are whole"))
    return _marked(picture, is_sound=sound is content)


def _validate_png(content: bytes) -> ImageInfo:
    chunks = _parts(walk_chunks, content)
    if not chunks or chunks[-1].type != IEND:
        raise _truncated(content)
    with structure_errors():
        sound = mended(content)
    if sound is not content:
        chunks = _parts(walk_chunks, sound)
    with open_picture(sound, Format.PNG) as image:
        picture = _describe(image, Format.PNG, png_sha256(sound, chunks, _look_of(image)))
    _require_sane_dimensions(picture)
    with structure_errors():
        require_png_pixels(sound, chunks)
    return _marked(picture, is_sound=sound is content)


def _marked(picture: ImageInfo, *, is_sound: bool) -> ImageInfo:
    """Return the same, disputed if a strict reader would refuse the file."""
    return picture if is_sound else replace(picture, is_disputed=True)


def _look_of(image: ImageFile) -> ExifLook:
    return ExifLook(read_orientation(image).value, color_space_of(image))


def format_size(size_bytes: int) -> str:
    """Return a size in decimal units, as the limit has it: "812 kB", "12 MB", "14.2 MB"."""
    if size_bytes < 1000:  # noqa: PLR2004 - where kilobytes begin
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:  # noqa: PLR2004 - where megabytes begin
        return f"{size_bytes // 1000} kB"
    return f"{size_bytes / 1e6:.1f}".removesuffix(".0") + " MB"


def _size_over(size_bytes: int, max_bytes: int) -> str:
    """Return the size, to the byte where words would read "12 MB is over the 12 MB limit"."""
    in_words = format_size(size_bytes)
    return f"{size_bytes:,} bytes" if in_words == format_size(max_bytes) else in_words


def _require_format(content: bytes, name: str) -> Format:
    require_size(len(content), len(content))  # only emptiness can be at fault, because its own size is the limit
    found = recognise(content[:HEAD_BYTES], name)
    if isinstance(found, Format):
        return found
    suffix = PurePosixPath(name).suffix
    promised = _NAMED_FORMATS.get(suffix.lower())
    if found is None:
        raise _not_a_picture(promised, suffix)
    but = f", not {promised}, although its name ends in {suffix}" if promised else "; only JPEG and PNG are taken"
    raise RejectedError(found.code, f"it is {found.name}{but}", advice=found.advice)


def _not_a_picture(promised: str | None, suffix: str) -> RejectedError:
    but = f" {promised}, although its name ends in {suffix}" if promised else " a JPEG or PNG picture"
    return RejectedError(RejectionCode.NOT_A_PICTURE, f"it is not{but}", advice=SAVE_AS_ADVICE)


def _parts(walk: Callable[[BinaryIO], Iterable[T]], content: bytes) -> list[T]:
    """Return the segments or chunks of the picture; a whole one has its end marker last."""
    with structure_errors():
        return list(walk(BytesIO(content)))


def _truncated(content: bytes) -> RejectedError:
    sentence = f"it ends after {format_size(len(content))}, before the picture's end marker"
    return RejectedError(RejectionCode.TRUNCATED, sentence, advice=_COPY_AGAIN)


def _describe(image: ImageFile, picture_format: Format, sha256: str) -> ImageInfo:
    orientation = read_orientation(image)
    return ImageInfo(
        format=picture_format,
        width=image.width,
        height=image.height,
        orientation=orientation.value,
        has_alpha="A" in image.getbands() or "transparency" in image.info,
        sha256=sha256,
        is_disputed=orientation.is_disputed,
        colours=colours_of(image).name,
        note=_note(image),
    )


def _note(image: ImageFile) -> str | None:
    notes = []
    megapixels = image.width * image.height / 1e6
    if megapixels > SCALED_ABOVE_MEGAPIXELS:
        notes.append(f"it has {megapixels:.1f} megapixels: its cutout is scaled down to {SCALED_ABOVE_MEGAPIXELS}")
    if getattr(image, "is_animated", False):
        notes.append("it is an animated PNG: its cutout does not move")
    return _joined(*notes)


def _joined(*notes: str | None) -> str | None:
    return "; ".join(filter(None, notes)) or None


def _require_sane_dimensions(picture: ImageInfo) -> None:
    size = f"{picture.width:,} x {picture.height:,} pixels"
    if max(picture.width, picture.height) > MAX_SIDE:
        raise RejectedError(
            RejectionCode.BAD_DIMENSIONS,
            f"it is {size}; a side may have at most {MAX_SIDE:,}",
            advice="Scale or cut it down and drop it again.",
        )
    if picture.megapixels > MAX_MEGAPIXELS:
        raise RejectedError(
            RejectionCode.TOO_MANY_PIXELS,
            f"it is {size}, {picture.megapixels:,.0f} megapixels, over the limit of {MAX_MEGAPIXELS}",
            advice=f"Scale it down; above {SCALED_ABOVE_MEGAPIXELS} megapixels Uploadcare does so anyway.",
        )
