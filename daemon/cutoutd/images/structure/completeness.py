"""The completeness of a picture file: JPEG segments up to the end marker, PNG chunks up to IEND.

The stability check asks if a file is finished, the validation if it is cut off. The file is read in blocks and not
decoded. The content between the markers is not judged.
"""

import os
import re
from typing import BinaryIO

from cutoutd.images.structure.formats import JPEG_SIGNATURE, PNG_SIGNATURE

_BLOCK_BYTES = 1 << 18

#: A marker in entropy-coded data: 0xFF followed by neither a stuffed zero, nor a restart marker, nor a fill byte
#: (T.81 B.1.1.2 and F.1.2.3). The search runs in C: a 12 MB photo takes milliseconds.
_MARKER_IN_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_TEM = 0x01
_SOI = 0xD8
_EOI = 0xD9
_SOS = 0xDA
_STANDALONE = frozenset({_TEM, _SOI, *range(0xD0, 0xD8)})

#: Far above the needs of cameras, progressive encoders and metadata. Files with more keep Pillow busy for seconds to
#: minutes. Its parsers join EXIF anew with each segment, look at stray bytes singly and unpack every profile.
_JPEG_MAX_MARKERS = 5_000
_JPEG_MAX_STRAY_BYTES = 1 << 18  #: before the first scan, over all gaps between segments
_PNG_MAX_SIDE_CHUNKS = 1_000  #: chunks that hold no pixels
_PNG_MAX_CHUNKS = 250_000  #: 250 MB in pieces of 1 kB; encoders write 8 kB or more
_PNG_PIXEL_CHUNKS = frozenset({b"IDAT", b"fdAT", b"fcTL"})

_MARKER_BYTES = 2
_LENGTH_BYTES = 2  #: a segment's length counts itself
_PNG_FRAME_BYTES = 12  #: length, type and CRC of a chunk
_PNG_MAX_CHUNK_BYTES = (1 << 31) - 1  #: PNG specification, 5.3


def picture_end(file: BinaryIO, block_bytes: int = _BLOCK_BYTES) -> int | None:
    """Return the offset behind the end marker of a picture. Blocking.

    A trailer behind the marker, as phones append it, does not matter. None if the file ends before its marker, or is no
    JPEG or PNG. The position in the file moves.

    Args:
        file: the picture.
        block_bytes: how much is read at once.

    Raises:
        ValueError: the structure breaks off inside the file, so more bytes cannot mend it.
        OSError: the disk cannot be read.
    """
    file.seek(0)
    head = file.read(len(PNG_SIGNATURE))
    if head == PNG_SIGNATURE:
        return _png_end(file)
    return _jpeg_end(_Window(file, block_bytes)) if head.startswith(JPEG_SIGNATURE) else None


def is_whole(file: BinaryIO) -> bool:
    """Return True if the file reaches its own end marker. Blocking."""
    try:
        return picture_end(file) is not None
    except ValueError:
        return False


def _png_end(file: BinaryIO) -> int | None:
    size = _size_of(file)
    at = len(PNG_SIGNATURE)
    side_chunks = 0
    for _ in range(_PNG_MAX_CHUNKS):
        file.seek(at)
        frame = file.read(_PNG_FRAME_BYTES - 4)
        if not frame.strip(b"\0"):
            return None  # space that its writer reserved and has not filled yet
        length = int.from_bytes(frame[:4], "big")
        if length > _PNG_MAX_CHUNK_BYTES:
            msg = f"a chunk at byte {at} is longer than PNG allows"
            raise ValueError(msg)
        at += length + _PNG_FRAME_BYTES
        if at > size:
            return None
        if frame[4:] == b"IEND":
            return at
        side_chunks += frame[4:] not in _PNG_PIXEL_CHUNKS
        if side_chunks > _PNG_MAX_SIDE_CHUNKS:
            msg = f"it has more than {_PNG_MAX_SIDE_CHUNKS:,} chunks that hold no pixels"
            raise ValueError(msg)
    msg = f"it has more than {_PNG_MAX_CHUNKS:,} chunks"
    raise ValueError(msg)


def _jpeg_end(window: "_Window") -> int | None:
    """Hop from segment to segment. The end marker of an EXIF thumbnail lies inside a segment and is hopped over."""
    at: int | None = len(JPEG_SIGNATURE) - 1
    stray_bytes = 0
    is_in_scans = False
    for _ in range(_JPEG_MAX_MARKERS):
        found = None if at is None else window.next_marker(at)
        if at is None or found is None:
            return None
        marker, behind = found
        if marker == _EOI:
            return behind
        if not is_in_scans:
            stray_bytes += behind - at - _MARKER_BYTES
            _require_few(stray_bytes)
        is_in_scans = is_in_scans or marker == _SOS
        at = behind if marker in _STANDALONE else window.segment_end(behind)
    msg = f"it has more than {_JPEG_MAX_MARKERS:,} segments"
    raise ValueError(msg)


def _require_few(stray_bytes: int) -> None:
    if stray_bytes > _JPEG_MAX_STRAY_BYTES:
        msg = f"it has more than {_JPEG_MAX_STRAY_BYTES:,} bytes between its segments"
        raise ValueError(msg)


class _Window:
    """One block of the file at a time, because a huge file or many tiny segments would else cost much."""

    def __init__(self, file: BinaryIO, block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self.size = _size_of(file)
        self._start = 0
        self._block = b""

    def next_marker(self, at: int) -> tuple[int, int] | None:
        """Return the next marker at or after ``at``, and the offset behind it; None at the end of the file.

        One search passes over the data of a scan, fill bytes and stray bytes between segments. Decoders skip stray
        bytes too.
        """
        while at + 1 < self.size:
            self._cover(at, 2)
            if found := _MARKER_IN_DATA.search(self._block, at - self._start):
                return self._block[found.end() - 1], self._start + found.end()
            # The last byte again, because it may be the first half of a marker.
            at = max(at + 1, self._start + len(self._block) - 1)
        return None

    def segment_end(self, at: int) -> int | None:
        """Return the offset behind the segment with its length at ``at``; None if the file ends before.

        Raises:
            ValueError: no segment can have that length.
        """
        if at + _LENGTH_BYTES > self.size:
            return None
        self._cover(at, _LENGTH_BYTES)
        length = int.from_bytes(self._block[at - self._start : at - self._start + _LENGTH_BYTES], "big")
        if length < _LENGTH_BYTES:
            msg = f"a segment at byte {at} has an impossible length"
            raise ValueError(msg)
        return at + length if at + length <= self.size else None

    def _cover(self, at: int, length: int) -> None:
        if not self._start <= at <= self._start + len(self._block) - length:
            self._file.seek(at)
            self._start, self._block = at, self._file.read(self._block_bytes)


def _size_of(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)
