"""The mending of a picture file: side data that a strict reader would choke on are left out, an end marker is added.

The pixels are whole, so profiles, texts and resolutions must not decide about a photo. Pillow reads a mended file, and
Uploadcare gets one. Nothing is decoded, and no pixel changes.
"""

import os
import zlib
from io import BytesIO
from typing import BinaryIO

from PIL import JpegImagePlugin, PngImagePlugin
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngStream

from cutoutd.images.structure.completeness import picture_end
from cutoutd.images.structure.jpeg_segments import JPEG_SIGNATURE, SOS, JpegSegment, walk_segments
from cutoutd.images.structure.png_chunks import PNG_SIGNATURE, PngChunk, walk_chunks

#: Pillow's own limit of 1 MB is for texts, but it refuses good profiles too; those of printers have 1 to 3 MB.
_MAX_PROFILE_BYTES = 16 << 20
PngImagePlugin.MAX_TEXT_CHUNK = _MAX_PROFILE_BYTES

_MAX_TEXT_BYTES = 1 << 20  #: of all texts of a PNG, unpacked
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})

#: The end marker of a JPEG.
END_MARKER = b"\xff\xd9"

_APPLICATION_SEGMENTS = range(0xE0, 0xF0)
_ICC_BEGINNING = b"ICC_PROFILE\0"
_ICC_LEAST_BYTES = 15  #: its beginning, number and count, and a byte of the profile


def mended(content: bytes, *, has_end: bool | None = None) -> bytes:
    """Return the same bytes if a strict reader can read them, else bytes that it can read.

    Args:
        content: the file.
        has_end: True if it is known to reach its end marker; None: this is looked up.

    Raises:
        ValueError: the structure breaks off inside the file.
    """
    file = BytesIO(content)
    sound = mended_file(file, has_end=has_end)
    return content if sound is file else sound.read()


def mended_file(file: BinaryIO, *, has_end: bool | None = None) -> BinaryIO:
    """Return the same file, rewound, or a mended copy of it, as ``mended`` does for bytes. Blocking."""
    left_out, addition = _faults(file, has_end=has_end)
    file.seek(0)
    return _copy_without(file, left_out, addition) if left_out or addition else file


def _faults(file: BinaryIO, *, has_end: bool | None) -> tuple[list[tuple[int, int]], bytes]:
    """Return the places that must be left out, and the bytes that are missing at the end."""
    file.seek(0)
    head = file.read(len(PNG_SIGNATURE))
    if head == PNG_SIGNATURE:
        return _odd_chunks(file), b""
    if head.startswith(JPEG_SIGNATURE):
        return _odd_segments(file), b"" if has_end or (has_end is None and _has_end(file)) else END_MARKER
    return [], b""


def is_side_chunk(chunk_type: bytes) -> bool:
    """Return True if the pixels of a PNG do not depend on chunks of this type. Those of tRNS do, despite its name."""
    return chunk_type[:1].islower() and chunk_type != b"tRNS"


def _copy_without(file: BinaryIO, left_out: list[tuple[int, int]], addition: bytes) -> BinaryIO:
    copy, at = BytesIO(), 0
    for start, end in left_out:
        file.seek(at)
        copy.write(file.read(start - at))
        at = end
    file.seek(at)
    copy.write(file.read())
    copy.write(addition)
    copy.seek(0)
    return copy


def _odd_chunks(file: BinaryIO) -> list[tuple[int, int]]:
    """Return the places of the side chunks that Pillow would choke on."""
    probe = _Probe(file)
    odd: list[PngChunk] = []
    animation: list[PngChunk] = []
    for chunk in walk_chunks(file):
        if chunk.type == b"IHDR":
            probe.is_read(chunk)
        elif chunk.type in _ANIMATION:
            animation.append(chunk)
        elif chunk.type == b"IDAT" and probe.is_first_frame_partial:
            odd += animation
        if is_side_chunk(chunk.type) and not probe.is_sound(chunk):
            odd.append(chunk)
    if any(chunk.type in _ANIMATION for chunk in odd) or (animation and animation[0].type != b"acTL"):
        # All of them, because the rest of an animation is odd without one of its parts. The first picture stays.
        odd = sorted({*odd, *animation}, key=lambda chunk: chunk.start)
    return [(chunk.start, chunk.end) for chunk in odd]


class _Probe:
    """Pillow's own parser, asked for one chunk after another."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._parser = PngStream(file)
        self._has_profile = False
        self._is_full = False  #: no more texts, because a file of bombs would else take minutes

    @property
    def is_first_frame_partial(self) -> bool:
        """True if an animation begins with a frame that does not fill the picture, which PNG forbids."""
        whole = (0, 0, *self._parser.im_size)
        return bool(self._parser.im_info.get("bbox", whole) != whole)

    def is_sound(self, chunk: PngChunk) -> bool:
        """Return True if a strict reader takes this side chunk."""
        if (chunk.type == b"iCCP" and self._has_profile) or (chunk.type in _TEXTS and self._is_full):
            return False
        self._has_profile = self._has_profile or chunk.type == b"iCCP"
        self._file.seek(chunk.start + 4)
        named_content = self._file.read(chunk.content_end - chunk.start - 4)
        if zlib.crc32(named_content) != int.from_bytes(self._file.read(4), "big") or not chunk.type.isalpha():
            return False
        is_read = self.is_read(chunk)
        if chunk.type in _TEXTS:
            self._is_full = not is_read or self._parser.text_memory > _MAX_TEXT_BYTES
            return not self._is_full
        return is_read

    def is_read(self, chunk: PngChunk) -> bool:
        """Return True if Pillow reads the content of this chunk without an error."""
        self._file.seek(chunk.content_start)
        try:
            self._parser.call(chunk.type, chunk.content_start, chunk.content_end - chunk.content_start)
        except (AttributeError, EOFError):
            return True  # a chunk that Pillow does not know, or pixels of an animation
        # Every error, because parsers of foreign bytes raise nearly anything.
        except Exception:  # noqa: BLE001 - see above
            return False
        return True


def _odd_segments(file: BinaryIO) -> list[tuple[int, int]]:
    """Return the places of the side segments that Pillow would choke on, by asking its own parser one by one."""
    odd = []
    for segment in walk_segments(file):
        if segment.marker == SOS:
            break
        if segment.marker in _APPLICATION_SEGMENTS and _is_odd_segment(file, segment):
            odd.append((segment.start, segment.end))
    return odd


def _is_odd_segment(file: BinaryIO, segment: JpegSegment) -> bool:
    file.seek(segment.start + 2)
    content = file.read(segment.end - segment.start - 2)
    if content[2:].startswith(_ICC_BEGINNING) and len(content) - 2 < _ICC_LEAST_BYTES:
        return True
    parser = JpegImageFile.__new__(JpegImageFile)
    parser.fp, parser.app, parser.applist, parser.info, parser.icclist = BytesIO(content), {}, [], {}, []
    try:
        JpegImagePlugin.APP(parser, 0xFF00 | segment.marker)
    # Every error, because parsers of foreign bytes raise nearly anything.
    except Exception:  # noqa: BLE001 - see above
        return True
    return False


def _has_end(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) > len(END_MARKER):
        file.seek(-len(END_MARKER), os.SEEK_END)
        if file.read() == END_MARKER:
            return True
    return picture_end(file) is not None
