"""An ONNX model of one layer, written byte by byte: every pixel that is not green enough is foreground.

An ONNX file is one Protocol Buffers message; a library for that would weigh more than these lines.
"""

import struct
from collections.abc import Sequence
from pathlib import Path

SIDE = 64
_FLOAT = 1
_RED_GREEN_BLUE = (0.0, -3.0, 0.0)
_ADDED = 3.0


def write_tiny_model(path: Path, *, last: str = "Sigmoid", side: int | str = SIDE) -> Path:
    """Write the model; its last operation may be ``Identity``, and its side a name, which leaves it open."""
    shape = (1, 3, side, side)
    weights = _tensor("weights", (1, 3, 1, 1), _RED_GREEN_BLUE)
    nodes = _node("Conv", ("picture", "weights", "added"), "sum") + _node(last, ("sum",), "mask")
    graph = (
        nodes
        + _text(2, "tiny")
        + _message(5, weights)
        + _message(5, _tensor("added", (1,), (_ADDED,)))
        + _message(11, _value("picture", shape))
        + _message(12, _value("mask", (1, 1, side, side)))
    )
    version = _message(8, _number(2, 13))
    path.write_bytes(_number(1, 8) + _message(7, graph) + version)
    return path


def _node(operation: str, inputs: Sequence[str], output: str) -> bytes:
    return _message(1, b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operation))


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    numbers = b"".join(_number(1, side) for side in shape)
    return numbers + _number(2, _FLOAT) + _text(8, name) + _message(9, struct.pack(f"<{len(values)}f", *values))


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sides = (_text(2, side) if isinstance(side, str) else _number(1, side) for side in shape)
    dimensions = b"".join(_message(1, side) for side in sides)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
