"""The format of a file by its first bytes, whatever its name says.

The signatures come from the formats' own specifications: JPEG T.81, PNG third edition, ISO 14496-12 ("ftyp"), RIFF
(WebP), TIFF 6.0. Those of camera makers are as dcraw knows them. No more than ``HEAD_BYTES`` are read.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from cutoutd.core.errors import RejectionCode
from cutoutd.files.name_filters import RAW_SUFFIXES

SAVE_AS_ADVICE = "Save it as JPEG or PNG and drop it again."

HEAD_BYTES = 64  #: enough for every signature below

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"


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
