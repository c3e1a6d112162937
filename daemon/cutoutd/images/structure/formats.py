"""The format of a picture by its first bytes, whatever its name says, and its header without decoding the pixels.

The signatures come from the formats' own specifications: JPEG T.81, PNG third edition, ISO 14496-12 ("ftyp"), RIFF
(WebP), TIFF 6.0. Those of camera makers are as dcraw knows them. No more than ``HEAD_BYTES`` are read.

``Image.open`` is not used for the header: it would try other formats, and refuse by a process-wide pixel limit. The
first bytes tell the format, so its parser is called by name. The pixel limit is the validation's own.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.files.name_filters import RAW_SUFFIXES
from cutoutd.images.structure.jpeg_segments import JPEG_SIGNATURE
from cutoutd.images.structure.mending import mended_file
from cutoutd.images.structure.png_chunks import PNG_SIGNATURE

SAVE_AS_ADVICE = "Save it as JPEG or PNG and drop it again."

HEAD_BYTES = 64  #: enough for every signature below

_EXIF_TAGS = 0x8769  #: the part of EXIF with the tags below
_COLOR_SPACE, _GAMMA = 0xA001, 0xA500  #: EXIF 2.3
_INTEROPERABILITY, _INTEROPERABILITY_INDEX = 0xA005, 1
_ADOBE_RGB = "R03"  #: DCF 2.0

#: sRGB, and "uncalibrated". Viewers show both alike, and editors add either to a file that they edit.
_PLAIN_COLOR_SPACES = (None, 1, 0xFFFF)


class Format(StrEnum):
    """The formats that Uploadcare's remove_bg takes (docs/uploadcare.md 1)."""

    JPEG = "JPEG"
    PNG = "PNG"

    @property
    def mime_type(self) -> str:
        """The content type of an upload."""
        return f"image/{self.value.lower()}"


@dataclass(frozen=True, slots=True)
class UnsupportedFormat:
    """A known format that is not accepted; ``name`` reads after "is"."""

    name: str
    code: RejectionCode = RejectionCode.OTHER_FORMAT
    advice: str = SAVE_AS_ADVICE


_PHONE_ADVICE = (
    "On an iPhone choose Settings > Camera > Formats > Most Compatible, on an Android phone switch off HEIF (or "
    '"high efficiency pictures") in the camera\'s settings; then new photos are JPEGs. Convert this one to JPEG.'
)
_RAW_ADVICE = "Export it from your raw developer as JPEG or PNG, or set the camera to JPEG (or RAW+JPEG)."
_HEIC = UnsupportedFormat("a HEIC picture", advice=_PHONE_ADVICE)
_AVIF = UnsupportedFormat("an AVIF picture")
_RAW = UnsupportedFormat("a camera raw file", advice=_RAW_ADVICE)
_TIFF = UnsupportedFormat("a TIFF picture")
_VIDEO = UnsupportedFormat("a video", RejectionCode.NOT_A_PICTURE, "Only photos are taken.")


def _other(name: str) -> UnsupportedFormat:
    return UnsupportedFormat(name, RejectionCode.NOT_A_PICTURE, "Only JPEG and PNG photos are taken.")


#: The first match wins: an offset, the bytes there, and their format. A longer signature stands before its beginning.
_SIGNATURES: tuple[tuple[int, bytes, UnsupportedFormat], ...] = (
    (0, b"GIF8", UnsupportedFormat("a GIF picture")),
    (8, b"CR\x02\x00", _RAW),  # Canon CR2, inside a TIFF header
    (0, b"II*\x00", _TIFF),
    (0, b"MM\x00*", _TIFF),
    (0, b"II+\x00", _TIFF),  # BigTIFF
    (0, b"MM\x00+", _TIFF),
    (0, b"IIRO", _RAW),  # Olympus
    (0, b"IIRS", _RAW),
    (0, b"MMOR", _RAW),
    (0, b"IIU\x00", _RAW),  # Panasonic, Leica
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"FOVb", _RAW),  # Sigma
    (0, b"\x00MRM", _RAW),  # Minolta
    (6, b"HEAPCCDR", _RAW),  # Canon CRW
    (0, b"8BPS", UnsupportedFormat("a Photoshop document")),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", UnsupportedFormat("a JPEG XL picture")),
    (0, b"\xff\x0a", UnsupportedFormat("a JPEG XL picture")),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", UnsupportedFormat("a JPEG 2000 picture")),
    (0, b"\xff\x4f\xff\x51", UnsupportedFormat("a JPEG 2000 picture")),
    (0, b"\x00\x00\x01\x00", UnsupportedFormat("a Windows icon")),
    (0, b"%PDF-", _other("a PDF document")),
    (0, b"%!PS", _other("a PostScript document")),
    (0, b"PK\x03\x04", _other("a ZIP archive or an office document")),
    (0, b"\x1f\x8b", _other("a gzip archive")),
    (0, b"7z\xbc\xaf\x27\x1c", _other("a 7-Zip archive")),
    (0, b"Rar!\x1a\x07", _other("a RAR archive")),
    (0, b"\x1aE\xdf\xa3", _VIDEO),  # Matroska, WebM
)
_BRANDS: dict[bytes, UnsupportedFormat] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), _HEIC),
    **dict.fromkeys((b"avif", b"avis"), _AVIF),
    **dict.fromkeys((b"mif1", b"msf1", b"miaf"), UnsupportedFormat("a HEIF picture", advice=_PHONE_ADVICE)),
    b"crx ": _RAW,  # Canon CR3
}
_MARKUP = (b"<svg", b"<html", b"<!doctype", b"<?xml", b"{")


def recognise(head: bytes, name: str) -> Format | UnsupportedFormat | None:
    """Return the format that the first ``HEAD_BYTES`` of a file tell; None for an unknown one.

    Args:
        head: the bytes.
        name: the file's name. It decides only between TIFF and camera raw, which begin alike.
    """
    if head.startswith(JPEG_SIGNATURE):
        return Format.JPEG
    if head.startswith(PNG_SIGNATURE):
        return Format.PNG
    unsupported = _by_signature(head) or _by_container(head) or _by_text(head)
    if unsupported is _TIFF and PurePosixPath(name).suffix.lower() in RAW_SUFFIXES:
        return _RAW
    return unsupported


def _by_signature(head: bytes) -> UnsupportedFormat | None:
    return next((found for at, magic, found in _SIGNATURES if head[at : at + len(magic)] == magic), None)


def _by_container(head: bytes) -> UnsupportedFormat | None:
    """Recognise the two families with the format inside: RIFF, and ISO base media with its brands."""
    if head[:4] == b"RIFF":
        return UnsupportedFormat("a WebP picture") if head[8:12] == b"WEBP" else _VIDEO
    # Its reserved zeros too, because the signature of a bitmap has only two letters.
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return UnsupportedFormat("a BMP picture")
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    # Another brand first, because "mif1" says only that it is a picture.
    return next((one for one in known if one.name != "a HEIF picture"), known[0] if known else _VIDEO)


def _by_text(head: bytes) -> UnsupportedFormat | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return _other("a text, web or SVG file") if start.startswith(_MARKUP) else None


class _SuppressWarnings:
    """A switch for the warnings of Pillow about odd metadata: standard error says nothing about which photo.

    Warning filters belong to the whole process, and pictures are read in several threads. If each thread saved and
    restored them, a warning would get out, or all would stay off. So the threads share one switch. It is off while any
    thread is inside; the last one to leave restores the filters.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings(action="ignore")

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings(action="ignore")
                self._filters.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


suppress_warnings = _SuppressWarnings()


def damaged(reason: str) -> RejectedError:
    """Return the rejection of a picture with a structure or pixels that make no sense; the reason is a clause."""
    return RejectedError(
        RejectionCode.DAMAGED,
        f"it is damaged: {reason}",
        advice="Open it in a picture program; if that works, save it anew and drop it again.",
    )


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip it, because garbage in EXIF would refuse a good picture."""


@contextmanager
def open_picture(content: bytes | BinaryIO, picture_format: Format) -> Iterator[ImageFile]:
    """Open a picture with its header parsed. Pixels are decoded only if the caller loads them; files stay open.

    Odd side data and a missing end marker do not matter.

    Raises:
        RejectedError: ``damaged``, in place of every error of Pillow, also of those while the caller loads pixels.
    """
    parser = _Jpeg if picture_format is Format.JPEG else PngImageFile
    with structure_errors():
        file = mended_file(BytesIO(content) if isinstance(content, bytes) else content)
    with named_damage(), suppress_warnings, parser(file) as image:
        yield image


@contextmanager
def structure_errors() -> Iterator[None]:
    """Look at the structure of a picture.

    Raises:
        RejectedError: ``damaged``, in place of the ``ValueError`` of our own checks, in its words.
    """
    try:
        yield
    except ValueError as error:
        raise damaged(str(error)) from error


@contextmanager
def named_damage() -> Iterator[None]:
    """Work on the pixels of a picture.

    Raises:
        RejectedError: ``damaged``, in place of every error of Pillow.
    """
    try:
        yield
    # Every error, because parsers of foreign bytes raise nearly anything: SyntaxError, struct.error, zlib.error,
    # ValueError, OSError, MemoryError. The bytes are in memory, so it is no fault of the disk. Their words would tell
    # users about the insides of a library, so the sentence has words of its own.
    except RejectedError:
        raise
    except Exception as error:
        raise damaged("it cannot be decoded") from error


def color_space_of(image: ImageFile) -> str:
    """Return the colour space and gamma that EXIF gives, in one spelling; empty for those of sRGB."""
    if "exif" not in image.info:
        return ""
    exif = Image.Exif()
    try:
        exif.load(image.info["exif"])
        tags = exif.get_ifd(_EXIF_TAGS)
        said = [] if tags.get(_COLOR_SPACE) in _PLAIN_COLOR_SPACES else [f"{_COLOR_SPACE}={tags[_COLOR_SPACE]}"]
        if _GAMMA in tags:
            said.append(f"{_GAMMA}={tags[_GAMMA]}")
        if exif.get_ifd(_INTEROPERABILITY).get(_INTEROPERABILITY_INDEX) == _ADOBE_RGB:
            said.append(_ADOBE_RGB)
        return " ".join(said)
    # Every error, because garbage in EXIF is common and harmless, and its parser raises as freely as those above.
    except Exception:  # noqa: BLE001 - see above
        return ""
