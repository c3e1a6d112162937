"""The header of a PNG: what its IHDR chunk says."""

from dataclasses import dataclass

_IHDR_BYTES = 13
_MAX_SIDE = (1 << 31) - 1  #: PNG specification, 11.2.1
_HAS_ALPHA = {0: False, 2: False, 3: False, 4: True, 6: True}  #: by colour type; a tRNS chunk adds alpha to the rest
_INTERLACE_METHODS = (0, 1)
_ALLOWED_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}

#: The colour type of a picture with pixels that are places in a palette.
INDEXED = 3


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
    is_empty: bool = False  #: True if every pixel is transparent

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.width * self.height


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
