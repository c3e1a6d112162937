"""The copy of a photo without its metadata: pixels, colours and size stay, byte by byte.

EXIF, XMP, texts and comments go. So no program finds anything in it that would turn it.
"""

from collections.abc import Iterator
from io import BytesIO

from cutoutd.images.structure.formats import Format
from cutoutd.images.structure.jpeg_segments import EOI, JPEG_SIGNATURE, SOS, walk_segments
from cutoutd.images.structure.png_chunks import PNG_SIGNATURE, walk_chunks

_PNG_METADATA = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})

_COM = 0xFE
_APP = range(0xE0, 0xF0)
_JFIF, _ICC, _ADOBE = (0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe")


def without_metadata(content: bytes, picture_format: Format) -> bytes:
    """Return the validated photo without metadata, and without the bytes behind its end."""
    return b"".join(_png_pieces(content) if picture_format is Format.PNG else _jpeg_pieces(content))


def _png_pieces(content: bytes) -> Iterator[bytes]:
    yield PNG_SIGNATURE
    for chunk in walk_chunks(BytesIO(content)):
        if chunk.type not in _PNG_METADATA:
            yield content[chunk.start : chunk.end]


def _jpeg_pieces(content: bytes) -> Iterator[bytes]:
    yield content[: len(JPEG_SIGNATURE) - 1]
    scans_at = None
    for segment in walk_segments(BytesIO(content)):
        if segment.marker == SOS and scans_at is None:
            scans_at = segment.start
        if segment.marker == EOI:
            yield content[segment.start if scans_at is None else scans_at : segment.end]
        elif scans_at is None and _is_needed(segment.marker, content[segment.content_start : segment.end]):
            yield content[segment.start : segment.end]


def _is_needed(marker: int, content: bytes) -> bool:
    """Return True for all but comments and application segments; of those only what tells colours and density."""
    if marker in _APP:
        return any(marker == kept and content.startswith(name) for kept, name in (_JFIF, _ICC, _ADOBE))
    return marker != _COM
