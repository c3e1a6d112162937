"""The check of a PNG in passing: signature, order of chunks, every CRC, and IEND at the end.

The download checks cutouts with it, so a damaged or cut off one is fetched again and not published. Side data count
too, because a second download costs nothing. No pixel is decoded, which would take 150 to 230 ms for 12 megapixels. It
needs the memory of one header, whatever the size.
"""

import zlib
from dataclasses import dataclass, replace
from enum import Enum, auto

from cutoutd.images.structure.png_chunks import PNG_SIGNATURE

_IHDR_BYTES = 13
_MAX_CHUNK_BYTES = (1 << 31) - 1  #: PNG specification, 5.3
_MAX_SIDE = (1 << 31) - 1  #: PNG specification, 11.2.1
_COLOUR_CHUNKS = frozenset({b"iCCP", b"cICP", b"cHRM", b"sRGB"})
_HAS_ALPHA = {0: False, 2: False, 3: False, 4: True, 6: True}  #: by colour type; a tRNS chunk adds alpha to the rest
_INTERLACE_METHODS = (0, 1)
_ALLOWED_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}


@dataclass(frozen=True, slots=True)
class PngHeader:
    """The header of a checked PNG."""

    width: int
    height: int
    bit_depth: int
    color_type: int
    has_alpha: bool
    has_colours: bool = False  #: True if it says which colours it has, sRGB or others
    is_interlaced: bool = False


class _Part(Enum):
    SIGNATURE = auto()
    FRAME = auto()  #: a chunk's length and type
    DATA = auto()
    CRC = auto()
    END = auto()


class PngCheck:
    """The check of one file. It takes the bytes in pieces of any size."""

    def __init__(self) -> None:
        self._part = _Part.SIGNATURE
        self._wanted = len(PNG_SIGNATURE)  #: missing bytes of the part
        self._held = bytearray()  #: the part so far; only IHDR keeps its data
        self._type = b""
        self._crc = 0
        self._header: PngHeader | None = None
        self._has_data = False

    def feed(self, content: bytes | memoryview) -> None:
        """Check the next bytes.

        Raises:
            ValueError: the file is no PNG or is damaged; the text is a clause ("it is no PNG").
        """
        rest = memoryview(content)
        while rest:
            if self._part is _Part.END:
                msg = "it has bytes behind its end"
                raise ValueError(msg)
            taken = rest[: self._wanted]
            rest = rest[len(taken) :]
            self._take(taken)
            if self._wanted == 0:
                self._close_part()

    def finish(self) -> PngHeader:
        """Return the header of the whole, undamaged PNG.

        Raises:
            ValueError: the file has not reached its end, or holds no picture.
        """
        if self._part is not _Part.END:
            msg = "it ends before its end marker"
            raise ValueError(msg)
        if self._header is None or not self._has_data:
            msg = "it holds no picture"
            raise ValueError(msg)
        return self._header

    def _take(self, taken: memoryview) -> None:
        self._wanted -= len(taken)
        if self._part is _Part.DATA:
            self._crc = zlib.crc32(taken, self._crc)
        if self._part is not _Part.DATA or self._type == b"IHDR":
            self._held += taken

    def _close_part(self) -> None:
        held = bytes(self._held)
        self._held.clear()
        match self._part:
            case _Part.SIGNATURE:
                self._close_signature(held)
            case _Part.FRAME:
                self._close_frame(held)
            case _Part.DATA:
                self._close_data(held)
            case _:
                self._close_crc(held)

    def _expect(self, part: _Part, wanted: int) -> None:
        self._part = part
        self._wanted = wanted

    def _close_signature(self, held: bytes) -> None:
        if held != PNG_SIGNATURE:
            msg = "it is no PNG"
            raise ValueError(msg)
        self._expect(_Part.FRAME, 8)

    def _close_frame(self, held: bytes) -> None:
        length = int.from_bytes(held[:4], "big")
        self._type = held[4:]
        self._crc = zlib.crc32(self._type)
        _require_order(self._type, length, is_first=self._header is None)
        if length:
            self._expect(_Part.DATA, length)
        else:
            self._expect(_Part.CRC, 4)

    def _close_data(self, held: bytes) -> None:
        if self._type == b"IHDR":
            self._header = read_header(held)
        self._expect(_Part.CRC, 4)

    def _close_crc(self, held: bytes) -> None:
        if int.from_bytes(held, "big") != self._crc:
            msg = f"the checksum of its {self._type.decode('latin-1')} chunk is wrong"
            raise ValueError(msg)
        self._note_chunk()
        if self._type == b"IEND":
            self._expect(_Part.END, 0)
        else:
            self._expect(_Part.FRAME, 8)

    def _note_chunk(self) -> None:
        self._has_data = self._has_data or self._type == b"IDAT"
        if self._header is not None and self._type == b"tRNS":
            self._header = replace(self._header, has_alpha=True)
        elif self._header is not None and self._type in _COLOUR_CHUNKS:
            self._header = replace(self._header, has_colours=True)


def _require_order(chunk_type: bytes, length: int, *, is_first: bool) -> None:
    if is_first != (chunk_type == b"IHDR") or (is_first and length != _IHDR_BYTES):
        msg = "its header is not where it belongs"
        raise ValueError(msg)
    if length > _MAX_CHUNK_BYTES or not chunk_type.isalpha():
        msg = "it holds a chunk that PNG does not allow"
        raise ValueError(msg)


def read_header(content: bytes) -> PngHeader:
    """Return what the content of an IHDR chunk says.

    Raises:
        ValueError: it makes no sense.
    """
    if len(content) != _IHDR_BYTES:
        msg = "its header has an impossible length"
        raise ValueError(msg)
    width = int.from_bytes(content[:4], "big")
    height = int.from_bytes(content[4:8], "big")
    bit_depth, color_type, *methods, interlace = content[8:]
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        msg = f"its size is given as {width} x {height}"
        raise ValueError(msg)
    if bit_depth not in _ALLOWED_DEPTHS.get(color_type, set()):
        msg = f"colour type {color_type} with {bit_depth} bits does not exist"
        raise ValueError(msg)
    if any(methods) or interlace not in _INTERLACE_METHODS:
        msg = "its pixels are packed in a way that PNG does not know"
        raise ValueError(msg)
    return PngHeader(width, height, bit_depth, color_type, _HAS_ALPHA[color_type], is_interlaced=bool(interlace))
