"""The check of a PNG's pixel data: checksums, and rows that unpack to the size that the header gives.

The pixels are unpacked in blocks and thrown away: about 15 ms of CPU for a megabyte, and a quarter of a megabyte of
memory. Side data are not judged. Data behind the last row do not matter, as in viewers.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile

from cutoutd.images.structure.mending import is_side_chunk
from cutoutd.images.structure.png_chunks import IEND, PngChunk
from cutoutd.images.structure.png_header import INDEXED, PngHeader, read_header
from cutoutd.images.structure.png_rows import PngRows

_BLOCK_BYTES = 1 << 18
_SLICE_BYTES = 1 << 16


def require_png_pixels(content: bytes, chunks: Sequence[PngChunk]) -> None:
    """Refuse a PNG with these chunks if its pixels cannot be whole. Blocking.

    Raises:
        ValueError: they are not, or the structure makes no sense; the text is a clause ("its pixels ... ").
    """
    view = memoryview(content)
    header = _require_header(view, chunks)
    for chunk in chunks:
        if not chunk.type.isalpha():
            msg = "it holds a chunk that PNG does not allow"
            raise ValueError(msg)
        # The sum of the last chunk does not matter, because nothing is in it.
        if not is_side_chunk(chunk.type) and chunk.type != IEND:
            _require_checksum(view, chunk)
    before = list(takewhile(lambda chunk: chunk.type != b"IDAT", chunks))
    # Only those that follow each other, because decoders stop at the first other chunk.
    data = takewhile(lambda chunk: chunk.type == b"IDAT", dropwhile(lambda chunk: chunk.type != b"IDAT", chunks))
    if header.color_type == INDEXED and all(chunk.type != b"PLTE" for chunk in before):
        msg = "its palette is missing"
        raise ValueError(msg)
    _require_rows(header, (view[chunk.content_start : chunk.content_end] for chunk in data))


def _require_header(view: memoryview, chunks: Sequence[PngChunk]) -> PngHeader:
    if not chunks or chunks[0].type != b"IHDR":
        msg = "its header is not where it belongs"
        raise ValueError(msg)
    return read_header(bytes(view[chunks[0].content_start : chunks[0].content_end]))


def _require_checksum(view: memoryview, chunk: PngChunk) -> None:
    found = int.from_bytes(view[chunk.content_end : chunk.end], "big")
    if zlib.crc32(view[chunk.start + 4 : chunk.content_end]) != found:
        msg = f"the checksum of its {chunk.type.decode('latin-1')} chunk is wrong"
        raise ValueError(msg)


def _require_rows(header: PngHeader, data: Iterator[memoryview]) -> None:
    rows = PngRows(header)
    try:
        for block in _unpacked(data):
            rows.take(block)
            if rows.are_whole:
                return
    except zlib.error as error:
        msg = "its pixels cannot be unpacked"
        raise ValueError(msg) from error
    msg = f"its pixels end after {rows.share}"
    raise ValueError(msg)


def _unpacked(data: Iterator[memoryview]) -> Iterator[bytes]:
    unpack = zlib.decompressobj()
    for chunk in data:
        # In slices, because the rest of each one is copied again and again.
        for at in range(0, len(chunk), _SLICE_BYTES):
            rest: bytes | memoryview = chunk[at : at + _SLICE_BYTES]
            while rest and not unpack.eof:
                # At most a block, because a few bytes may unpack to gigabytes.
                yield unpack.decompress(rest, _BLOCK_BYTES)
                rest = unpack.unconsumed_tail
    yield unpack.flush()
