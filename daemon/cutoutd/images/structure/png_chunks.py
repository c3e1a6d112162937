"""The chunks of a PNG, from its signature to IEND: the one walk that every other module uses.

Only lengths and types are read, eight bytes a chunk. Contents and checksums are not judged.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

IEND = b"IEND"  #: the type of the last chunk

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNK_BYTES = (1 << 31) - 1  #: PNG specification, 5.3

MAX_SIDE_CHUNKS = 1_000  #: chunks that hold no pixels; files with more keep parsers busy
MAX_CHUNKS = 250_000  #: 250 MB in pieces of 1 kB; encoders write 8 kB or more
_PIXEL_CHUNKS = frozenset({b"IDAT", b"fdAT", b"fcTL"})

_HEAD_BYTES = 8  #: length and type
_CRC_BYTES = 4


class PngChunk(NamedTuple):
    """One chunk."""

    type: bytes
    start: int  #: the offset of its length
    end: int  #: the offset behind its checksum

    @property
    def content_start(self) -> int:
        """The offset of its content."""
        return self.start + _HEAD_BYTES

    @property
    def content_end(self) -> int:
        """The offset of its checksum, behind the content."""
        return self.end - _CRC_BYTES


def walk_chunks(file: BinaryIO) -> Iterator[PngChunk]:
    """Yield the chunks behind the signature, IEND last. Blocking.

    A file that ends before IEND yields only its whole chunks. The position in the file moves.

    Raises:
        ValueError: the structure breaks off inside the file, so more bytes cannot mend it.
        OSError: the disk cannot be read.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    at = len(PNG_SIGNATURE)
    side_chunks = 0
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(_HEAD_BYTES)
        if not head.strip(b"\0"):
            return  # space that its writer reserved and has not filled yet
        length = int.from_bytes(head[:4], "big")
        if length > MAX_CHUNK_BYTES:
            msg = f"a chunk at byte {at} is longer than PNG allows"
            raise ValueError(msg)
        chunk = PngChunk(head[4:], at, at + _HEAD_BYTES + length + _CRC_BYTES)
        if chunk.end > size_bytes:
            return
        yield chunk
        if chunk.type == IEND:
            return
        side_chunks += chunk.type not in _PIXEL_CHUNKS
        if side_chunks > MAX_SIDE_CHUNKS:
            msg = f"it has more than {MAX_SIDE_CHUNKS:,} chunks that hold no pixels"
            raise ValueError(msg)
        at = chunk.end
    msg = f"it has more than {MAX_CHUNKS:,} chunks"
    raise ValueError(msg)
