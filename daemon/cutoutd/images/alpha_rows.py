"""The alpha of a PNG, looked at while its unpacked rows pass by: is every pixel transparent?

Nothing is decoded. Rows are stored as they are or as differences from their neighbours (PNG specification, 9.2).
Therefore pixels that are all transparent have only zeros there. The look ends at the first other byte, near the top of
nearly every cutout.
"""

from cutoutd.images.structure.png_header import PngHeader

#: The bytes of a pixel by colour type, with one byte a channel.
_PIXEL_BYTES = {4: 2, 6: 4}

#: The part of a row at the end of a block is kept for the next one; longer rows are not looked at.
_LONGEST_ROW_BYTES = 1 << 20


class AlphaLook:
    """The look at one picture."""

    def __init__(self, header: PngHeader) -> None:
        channel_bytes = header.bit_depth // 8
        self._pixel_bytes = _PIXEL_BYTES.get(header.color_type, 0) * channel_bytes
        self._alpha_at = [1 + self._pixel_bytes - each for each in range(1, channel_bytes + 1)]  #: behind the filter
        self._row_bytes = 1 + header.width * self._pixel_bytes
        is_looked_at = bool(self._pixel_bytes) and not header.is_interlaced and self._row_bytes <= _LONGEST_ROW_BYTES
        self._is_empty = is_looked_at
        self._rest = b""

    @property
    def is_empty(self) -> bool:
        """True if every pixel so far is transparent."""
        return self._is_empty

    def take(self, block: bytes) -> None:
        """Look at the next bytes."""
        if not self._is_empty:
            return
        rows, at = self._rest + block, 0
        while self._is_empty and at + self._row_bytes <= len(rows):
            end = at + self._row_bytes
            self._is_empty = not any(rows[at + byte : end : self._pixel_bytes].strip(b"\0") for byte in self._alpha_at)
            at = end
        self._rest = rows[at:]
