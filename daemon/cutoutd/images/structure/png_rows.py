"""The rows of a PNG, counted while their unpacked bytes pass by. Nothing is kept, whatever the size of the picture."""

from collections.abc import Iterator

from cutoutd.images.structure.png_header import PngHeader

#: Colour types and their channels (PNG specification, 11.2.1).
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: The seven passes of Adam7: first column, first row, and the steps to the next ones (PNG specification, 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_WHOLE = ((0, 0, 1, 1),)
_FILTERS = bytes(range(5))  #: the first byte of a row


class PngRows:
    """The rows of one picture."""

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
        self._is_filtered = False

    @property
    def are_filtered(self) -> bool:
        """True if a row so far is stored as differences from its neighbours."""
        return self._is_filtered

    @property
    def are_whole(self) -> bool:
        """True if the last row is there."""
        return self._taken >= self._wanted

    @property
    def are_too_many(self) -> bool:
        """True if bytes came behind the last row."""
        return self._taken > self._wanted

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
            self._is_filtered = self._is_filtered or bool(filters.strip(b"\0"))
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
