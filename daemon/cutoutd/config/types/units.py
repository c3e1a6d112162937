"""Sizes, durations and amounts as people write them, converted to bytes, seconds and decimals.

The functions know nothing of files or keys. They refuse a text with a sentence about the allowed form, and the loader
adds the place.
"""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

BYTES_PER_UNIT = {
    "": 1,
    "b": 1,
    "kb": 1_000,
    "mb": 1_000_000,
    "gb": 1_000_000_000,
    "kib": 1_024,
    "mib": 1_048_576,
    "gib": 1_073_741_824,
}
SECONDS_PER_UNIT = {
    "": Decimal(1),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3_600),
    "d": Decimal(86_400),
}

SIZE_FORM = "a size such as 12 MB, 500 kB or 11 MiB (a plain number counts bytes)"
DURATION_FORM = "a duration such as 500ms, 60s, 2m or 1h (a plain number counts seconds)"

# Fifteen digits hold every real size and duration, and stay exact in a float.
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([a-zA-Z]*)")


def bytes_of(text: str) -> int:
    """Return a size in bytes; MB is a million bytes, MiB is 1,048,576, and letter case does not matter.

    Raises:
        ValueError: the text is no size, or no whole number of bytes.
    """
    match = _QUANTITY.fullmatch(text.strip())
    factor = BYTES_PER_UNIT.get(match[2].lower()) if match else None
    if match is None or factor is None:
        msg = f"must be {SIZE_FORM}"
        raise ValueError(msg)
    size = Decimal(match[1]) * factor
    if size != int(size):
        raise ValueError("must be a whole number of bytes")
    return int(size)


def seconds_of(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: the text is no duration.
    """
    match = _QUANTITY.fullmatch(text.strip())
    factor = SECONDS_PER_UNIT.get(match[2].lower()) if match else None
    if match is None or factor is None:
        msg = f"must be {DURATION_FORM}"
        raise ValueError(msg)
    return float(Decimal(match[1]) * factor)


def _size(value: object) -> object:
    """Convert a text to bytes; a number, which only tests and demos pass, is in bytes already."""
    return bytes_of(value) if isinstance(value, str) else value


def _duration(value: object) -> object:
    """Convert a text to seconds; a number, which only tests and demos pass, is in seconds already."""
    return seconds_of(value) if isinstance(value, str) else value


Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*([kKmMgG][iI]?)?[bB]?$"},
            ]
        }
    ),
]
Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*([mM][sS]|[sSmMhHdD])?$"},
            ]
        }
    ),
]

#: An amount of money, exact as written.
Amount = Annotated[Decimal, WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
