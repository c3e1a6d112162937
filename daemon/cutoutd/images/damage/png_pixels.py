"""The check of a PNG's pixel data: checksums, and rows that unpack to the size that the header gives.

The pixels are unpacked in blocks and thrown away: about 15 ms of CPU for a megabyte, and a quarter of a megabyte of
memory. Side data are not judged. Data behind the last row do not matter, as in viewers.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import dropwhile, takewhile

from cutoutd.images.structure.mending import is_side_chunk
from cutoutd.images.structure.png_check import PngHeader, read_header
from cutoutd.images.structure.png_chunks import IEND, PngChunk

_BLOCK_BYTES = 1 << 18
_SLICE_BYTES = 1 << 16

#: Colour types and their channels (PNG specification, 11.2.1).
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INDEXED = 3

#: The seven passes of Adam7: first column, first row, and the steps to the next ones (PNG specification, 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_WHOLE = ((0, 0, 1, 1),)
_FILTERS = bytes(range(5))  #: the first byte of a row


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
    if header.color_type == _INDEXED and all(chunk.type != b"PLTE" for chunk in before):
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
    rows = _Rows(header)
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


class _Rows:
    """The rows of a PNG, counted while their bytes pass by."""

    def __init__(self, header: PngHeader) -> None:
        self._passes = [
            (rows, row_bytes)
            for rows, row_bytes in _sizes(header, _PASSES if header.is_interlaced else _WHOLE)
            if rows and row_bytes > 1
        ]
        self._wanted = sum(rows * row_bytes for rows, row_bytes in self._passes)
        self._taken = 0
        self._next_row = 0  #: the offset of the next row's filter, in the whole
        self._pass_end = 0
        self._row_bytes = 1

    @property
    def are_whole(self) -> bool:
        """True if the last row is there."""
        return self._taken >= self._wanted

    @property
    def share(self) -> str:
        """The part that is there, in words."""
        return f"{100 * self._taken // self._wanted} %"

    def take(self, block: bytes) -> None:
        """Count the next bytes, and look at the filter of each row that begins in them.

        Raises:
            ValueError: a row has a filter that PNG does not know.
        """
        end = self._taken + len(block)
        while self._begin_pass() and self._next_row < end:
            last = min(end, self._pass_end)
            filters = block[self._next_row - self._taken : last - self._taken : self._row_bytes]
            if filters.translate(None, _FILTERS):
                msg = "its pixels make no sense"
                raise ValueError(msg)
            self._next_row += len(filters) * self._row_bytes
        self._taken = end

    def _begin_pass(self) -> bool:
        """Return True if rows are still to come; begin the next pass if this one is over."""
        if self._next_row < self._pass_end:
            return True
        if not self._passes:
            return False
        rows, self._row_bytes = self._passes.pop(0)
        self._pass_end = self._next_row + rows * self._row_bytes
        return True


def _sizes(header: PngHeader, passes: tuple[tuple[int, int, int, int], ...]) -> Iterator[tuple[int, int]]:
    """Yield the rows of each pass, and the bytes of one of its rows with its filter."""
    bits = _CHANNELS[header.color_type] * header.bit_depth
    for left, top, across, down in passes:
        columns = -(-max(0, header.width - left) // across)
        yield -(-max(0, header.height - top) // down), 1 + (columns * bits + 7) // 8
