"""The one reader of JSON from outside: responses of the service, and webhook messages.

It bounds what the library leaves open: depth, length of texts, number of values, size of numbers. A text must be one
that can be stored and printed, and a name may occur once. Uploadcare's own JSON stays far below each bound.
"""

import json
import math
from collections.abc import Iterator

#: A description of a file is six levels deep.
_MAX_DEPTH = 40

#: The longest text of Uploadcare's is an address of some hundred characters.
_MAX_TEXT_CHARACTERS = 20_000

#: A page of the list of files has a hundred files with less than a hundred values each.
_MAX_VALUES = 50_000

#: Every whole number fits into a column of the ledger.
_MAX_NUMBER = 2**63 - 1


class ForeignJsonError(ValueError):
    """The bytes are no JSON, or JSON beyond the bounds."""


def read_json(body: bytes) -> object:
    """Return the value of a JSON text of moderate size.

    Raises:
        ForeignJsonError: it is no JSON, or beyond the bounds.
    """
    try:
        value: object = json.loads(
            body.decode(),
            object_pairs_hook=_unambiguous,
            parse_int=_whole_number,
            parse_float=_fraction,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise ForeignJsonError(str(error)) from error
    _require_bounds(value)
    return value


def _unambiguous(members: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object if all its names differ, because readers disagree which of two equal ones counts."""
    value = dict(members)
    if len(value) < len(members):
        raise ForeignJsonError("a name occurs twice in one object")
    return value


def _whole_number(text: str) -> int:
    number = int(text)  # more than 4,300 digits are a ValueError
    if abs(number) > _MAX_NUMBER:
        raise ForeignJsonError("a number has more than 64 bits")
    return number


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ForeignJsonError("a number is too large")
    return number


def _refuse_constant(name: str) -> float:
    raise ForeignJsonError(f"{name} is no JSON")


def _require_bounds(value: object) -> None:
    """Raise for a value beyond the bounds. It walks without recursion, because depth is one of them."""
    pending = [(value, 1)]
    seen = 0
    while pending:
        member, depth = pending.pop()
        seen += 1
        if seen > _MAX_VALUES or depth > _MAX_DEPTH:
            raise ForeignJsonError("it has too many values, or is too deep")
        if isinstance(member, str):
            _require_text(member)
        elif isinstance(member, list | dict):
            # The whole length counts before the walk, so that a long list costs no memory here.
            if seen + len(member) > _MAX_VALUES:
                raise ForeignJsonError("it has too many values")
            pending += ((below, depth + 1) for below in _members(member))


def _members(value: list[object] | dict[str, object]) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    else:
        yield from value


def _require_text(text: str) -> None:
    if len(text) > _MAX_TEXT_CHARACTERS:
        raise ForeignJsonError("a text is too long")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ForeignJsonError("a text holds half a character") from error
