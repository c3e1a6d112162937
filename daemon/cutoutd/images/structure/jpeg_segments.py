"""The segments of a JPEG, from its start to its end marker: the one walk that every other module uses.

The walk hops from segment to segment, so the end marker of an EXIF thumbnail is hopped over. The data of a scan are
searched for the next marker, and not decoded. The file is read in blocks.
"""

import os
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

JPEG_SIGNATURE = b"\xff\xd8\xff"

EOI = 0xD9  #: the end marker
SOS = 0xDA  #: the start of a scan

BLOCK_BYTES = 1 << 18

#: A marker in entropy-coded data: 0xFF followed by neither a stuffed zero, nor a restart marker, nor a fill byte
#: (T.81 B.1.1.2 and F.1.2.3). The search runs in C: a 12 MB photo takes milliseconds.
_MARKER_IN_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_TEM = 0x01
_SOI = 0xD8
_STANDALONE = frozenset({_TEM, _SOI, EOI, *range(0xD0, 0xD8)})

#: Far above the needs of cameras, progressive encoders and metadata. Files with more keep Pillow busy for seconds to
#: minutes. Its parsers join EXIF anew with each segment, look at stray bytes singly and unpack every profile.
_MAX_MARKERS = 5_000
_MAX_STRAY_BYTES = 1 << 18  #: before the first scan, over all gaps between segments

_MARKER_BYTES = 2
_LENGTH_BYTES = 2  #: a segment's length counts itself


class JpegSegment(NamedTuple):
    """One segment. Bytes between its end and the next start are the data of a scan, or stray bytes."""

    marker: int  #: the second byte of the marker
    start: int  #: the offset of the marker
    end: int  #: the offset behind the segment

    @property
    def content_start(self) -> int:
        """The offset of the content, behind marker and length."""
        return min(self.start + _MARKER_BYTES + _LENGTH_BYTES, self.end)


def walk_segments(file: BinaryIO, block_bytes: int = BLOCK_BYTES) -> Iterator[JpegSegment]:
    """Yield the segments behind the start marker, the end marker last. Blocking.

    A file that ends before its end marker yields only its whole segments. The position in the file moves.

    Args:
        file: the JPEG.
        block_bytes: how much is read at once.

    Raises:
        ValueError: the structure breaks off inside the file, so more bytes cannot mend it.
        OSError: the disk cannot be read.
    """
    window = _Window(file, block_bytes)
    at = len(JPEG_SIGNATURE) - 1
    stray_bytes = 0
    is_in_scans = False
    for _ in range(_MAX_MARKERS):
        found = window.next_marker(at)
        if found is None:
            return
        marker, behind = found
        end = behind if marker in _STANDALONE else window.segment_end(behind)
        if end is None:
            return
        yield JpegSegment(marker, behind - _MARKER_BYTES, end)
        if marker == EOI:
            return
        if not is_in_scans:
            stray_bytes += behind - at - _MARKER_BYTES
            _require_few(stray_bytes)
        is_in_scans = is_in_scans or marker == SOS
        at = end
    msg = f"it has more than {_MAX_MARKERS:,} segments"
    raise ValueError(msg)


def _require_few(stray_bytes: int) -> None:
    if stray_bytes > _MAX_STRAY_BYTES:
        msg = f"it has more than {_MAX_STRAY_BYTES:,} bytes between its segments"
        raise ValueError(msg)


class _Window:
    """One block of the file at a time, because a huge file or many tiny segments would else cost much."""

    def __init__(self, file: BinaryIO, block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self.size = file.seek(0, os.SEEK_END)
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
