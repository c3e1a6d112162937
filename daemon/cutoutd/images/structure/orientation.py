"""The orientation of a picture: one opinion for all parts of cutoutd, and whether other programs may have another one.

EXIF counts in three places: a segment of a JPEG, the eXIf chunk of a PNG, and the "raw profile" texts of older PNG
writers. A PNG may have them behind its pixels. The first of them wins. Its value may have any type of whole numbers,
because a writer of bytes means the same. XMP does not count, because browsers and most viewers ignore it.

Programs differ in each of these points. So a picture is *disputed* if any of its metadata would turn it another way.
A disputed picture is sent without its metadata (``images.copies.metadata``).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from cutoutd.images.structure.side_chunks import side_chunks

FIRST_SIDEWAYS = 5  #: EXIF orientations from here to 8 swap width and height
UPRIGHT = 1  #: the EXIF orientation of a picture that is stored as it is shown

_KNOWN = range(UPRIGHT, 9)  #: EXIF 2.3, 4.6.4 A
_TAG = 0x0112
_ENTRY_BYTES = 12
_INLINE_BYTES = 4  #: a longer value stands elsewhere
_EXIF_HEADER = b"Exif\0\0"
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}  #: TIFF 6.0, by type
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*(\d{1,3})")

_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_RAW_EXIF = frozenset({b"Raw profile type exif", b"Raw profile type APP1"})  #: ImageMagick, exiftool
_RAW_XMP = frozenset({b"Raw profile type xmp"})
_PNG_XMP = b"XML:com.adobe.xmp"
_RAW_HEADER_LINES = 3  #: an empty one, the name, the length
_MOST_TEXT_BYTES = 1 << 20  #: unpacked; a text of this kind has some kilobytes


@dataclass(frozen=True, slots=True)
class Orientation:
    """The orientation of a picture."""

    value: int = UPRIGHT  #: EXIF, 1 to 8
    is_disputed: bool = False  #: True if other programs may read another one


def orientation_of(image: ImageFile) -> int:
    """Return the orientation, 1 to 8; upright for everything that is no such number."""
    return read_orientation(image).value


def read_orientation(image: ImageFile) -> Orientation:
    """Return the orientation of an opened picture, before or after its pixels are loaded. The file's position stays."""
    exif, xmp = _claims_of_jpeg(image) if isinstance(image, JpegImageFile) else _claims_of_png(image)
    claims = [value for claim in exif for value in _orientations_in(claim) if value in _KNOWN]
    value = claims[0] if claims else UPRIGHT
    found = (int(match[1]) for match in map(_XMP_ORIENTATION.search, xmp) if match)
    others = {*claims, *(claim for claim in found if claim in _KNOWN)}
    return Orientation(value, is_disputed=bool(others - {value}))


def _claims_of_jpeg(image: JpegImageFile) -> tuple[list[bytes], list[bytes]]:
    segments = [content for name, content in image.applist if name == "APP1"]
    exif = [content for content in segments if content.startswith(_EXIF_HEADER)]
    return exif, [content for content in segments if content.startswith(_XMP_HEADER)]


def _claims_of_png(image: ImageFile) -> tuple[list[bytes], list[bytes]]:
    """Return EXIF and XMP, each in the order in which it counts; of each kind only the first."""
    found: dict[bytes, bytes] = {}
    for kind, content in side_chunks(image, {b"eXIf", *_PNG_TEXTS}):
        keyword = kind if kind == b"eXIf" else content[: content.find(b"\0")]
        if keyword not in found and (keyword in {b"eXIf", _PNG_XMP} or keyword in _RAW_EXIF | _RAW_XMP):
            found[keyword] = content if kind == b"eXIf" else _text_in(kind, content[len(keyword) + 1 :])
    raw = [_unhexed(found[keyword]) for keyword in sorted(_RAW_EXIF, reverse=True) if keyword in found]
    raw_xmp = [_unhexed(found[keyword]) for keyword in _RAW_XMP if keyword in found]
    # Pillow's own, because it has read them when the file is closed.
    exif = found.get(b"eXIf") or image.info.get("exif", b"")
    return [exif, *raw], [found.get(_PNG_XMP, b""), *raw, *raw_xmp]


def _text_in(kind: bytes, rest: bytes) -> bytes:
    """Return the text behind a keyword, unpacked, up to a bound; empty if it makes no sense."""
    is_packed = kind == b"zTXt"
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]  # behind the language and the translated keyword
    elif kind == b"zTXt":
        rest = rest[1:]
    if not is_packed:
        return rest[:_MOST_TEXT_BYTES]
    with suppress(zlib.error):
        return zlib.decompressobj().decompress(rest, _MOST_TEXT_BYTES)
    return b""


def _unhexed(text: bytes) -> bytes:
    with suppress(ValueError):
        return bytes.fromhex(b"".join(text.split(b"\n")[_RAW_HEADER_LINES:]).decode("ascii", "replace"))
    return b""


def _orientations_in(exif: bytes) -> Iterator[int]:
    """Yield what the first directory says; nothing if it makes no sense, as garbage in EXIF is common and harmless."""
    exif = exif.removeprefix(_EXIF_HEADER)
    order = _BYTE_ORDERS.get(exif[:4])
    if order is None:
        return
    with suppress(struct.error):
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, at)
        for entry in range(at + 2, at + 2 + entries * _ENTRY_BYTES, _ENTRY_BYTES):
            tag, kind, values = struct.unpack_from(f"{order}HHI", exif, entry)
            number = _WHOLE_NUMBERS.get(kind)
            if tag == _TAG and number is not None and 0 < values * struct.calcsize(number) <= _INLINE_BYTES:
                yield struct.unpack_from(f"{order}{number}", exif, entry + 8)[0]
