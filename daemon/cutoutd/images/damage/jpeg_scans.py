"""The frame and the scans of a JPEG: what its headers say about the data that must follow them (ITU-T T.81, B.2).

Nothing is decoded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cutoutd.images.structure.jpeg_segments import SOS, JpegSegment

_DHT = 0xC4
_DRI = 0xDD
_FRAMES = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, 0xCC}  #: all SOF markers
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_PROGRESSIVE = 0xC2
_BLOCK_SIDE = 8
_SYMBOLS_START = 17  #: of a Huffman table: its class and number, then the 16 counts of code lengths
_AC = 1


@dataclass(frozen=True, slots=True)
class JpegComponent:
    """A colour component, and its share of a unit of the picture."""

    number: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """The header of the picture itself."""

    marker: int
    bits: int
    width: int
    height: int
    components: tuple[JpegComponent, ...]

    @property
    def is_sequential(self) -> bool:
        """True if a scan holds its components as a whole, Huffman-coded: nearly all photos."""
        return self.marker in _SEQUENTIAL

    @property
    def is_progressive(self) -> bool:
        """True if the scans refine each other, Huffman-coded."""
        return self.marker == _PROGRESSIVE

    def units(self) -> int:
        """Return the number of interleaved units (T.81: MCU)."""
        across, down = self._most()
        return _up(self.width, _BLOCK_SIDE * across) * _up(self.height, _BLOCK_SIDE * down)

    def blocks(self, components: Sequence[JpegComponent]) -> int:
        """Return the number of blocks that a scan of these components codes."""
        if len(components) > 1:
            return self.units() * sum(one.across * one.down for one in components)
        across, down = self._most()
        only = components[0]
        return _up(_up(self.width * only.across, across), _BLOCK_SIDE) * _up(
            _up(self.height * only.down, down), _BLOCK_SIDE
        )

    def _most(self) -> tuple[int, int]:
        return max(one.across for one in self.components), max(one.down for one in self.components)


@dataclass(frozen=True, slots=True)
class HuffmanCode:
    """The code of zero bits only: its length, and the symbol that it stands for."""

    bits: int
    symbol: int


@dataclass(frozen=True, slots=True)
class JpegScan:
    """A scan: the header, and the place of the data behind it."""

    components: tuple[JpegComponent, ...]
    first: int  #: the first coefficient
    last: int
    is_refining: bool  #: True if an earlier scan holds the upper bits
    low_bits: int  #: those left to later scans
    start: int
    end: int
    restart_interval: int  #: in units; 0: none
    dc_zeros: tuple[HuffmanCode | None, ...]  #: by component
    ac_zeros: tuple[HuffmanCode | None, ...]


def read_frame(content: bytes, segments: Sequence[JpegSegment]) -> JpegFrame:
    """Return the header of the picture.

    Raises:
        ValueError: it is missing or makes no sense.
    """
    for segment in segments:
        if segment.marker in _FRAMES:
            return _frame(segment.marker, content[segment.content_start : segment.end])
    msg = "it holds no picture"
    raise ValueError(msg)


def _frame(marker: int, header: bytes) -> JpegFrame:
    described = range(6, len(header) - 2, 3)
    components = tuple(JpegComponent(header[at], header[at + 1] >> 4, header[at + 1] & 15) for at in described)
    if not components or header[5] != len(components) or not all(one.across and one.down for one in components):
        msg = "its header makes no sense"
        raise ValueError(msg)
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    return JpegFrame(marker, header[0], width, height, components)


def read_scans(content: bytes, segments: Sequence[JpegSegment], frame: JpegFrame) -> Iterator[JpegScan]:
    """Yield the scans, each with the tables that were defined before it.

    Raises:
        ValueError: a header makes no sense.
    """
    zeros: dict[int, HuffmanCode] = {}
    interval = 0
    ends = [*(following.start for _, following in pairwise(segments)), len(content)]
    for segment, data_end in zip(segments, ends, strict=False):
        header = content[segment.content_start : segment.end]
        if segment.marker == _DHT:
            zeros.update(_zero_codes(header))
        elif segment.marker == _DRI:
            interval = int.from_bytes(header[:2], "big")
        elif segment.marker == SOS:
            yield _scan(header, frame, (segment.end, data_end), interval, zeros)


def _zero_codes(tables: bytes) -> Iterator[tuple[int, HuffmanCode]]:
    """Yield class and number of each table, and its first code, which consists of zero bits (T.81, C.2)."""
    while len(tables) > _SYMBOLS_START:
        counts = tables[1:_SYMBOLS_START]
        bits = next((length for length, count in enumerate(counts, 1) if count), 0)
        if bits:
            yield tables[0], HuffmanCode(bits, tables[_SYMBOLS_START])
        tables = tables[_SYMBOLS_START + sum(counts) :]


def _scan(
    header: bytes, frame: JpegFrame, place: tuple[int, int], interval: int, zeros: dict[int, HuffmanCode]
) -> JpegScan:
    count = header[0] if header else 0
    if not count or len(header) < 1 + 2 * count + 3:
        msg = "the header of a scan makes no sense"
        raise ValueError(msg)
    by_number = {one.number: one for one in frame.components}
    chosen = [(header[at], header[at + 1]) for at in range(1, 1 + 2 * count, 2)]
    if any(number not in by_number for number, _ in chosen):
        msg = "a scan has a colour that the picture does not have"
        raise ValueError(msg)
    first, last, approximation = header[1 + 2 * count : 4 + 2 * count]
    return JpegScan(
        components=tuple(by_number[number] for number, _ in chosen),
        first=first,
        last=last,
        is_refining=approximation >> 4 > 0,
        low_bits=approximation & 15,
        start=place[0],
        end=place[1],
        restart_interval=interval,
        dc_zeros=tuple(zeros.get(tables >> 4) for _, tables in chosen),
        ac_zeros=tuple(zeros.get(_AC << 4 | tables & 15) for _, tables in chosen),
    )


def _up(whole: int, part: int) -> int:
    """Divide and round up."""
    return -(-whole // part)
