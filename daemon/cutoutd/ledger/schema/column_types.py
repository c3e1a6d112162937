"""The kinds of value that databases do not have: paths that are no text, and numbers without a sign."""

import json
from typing import Any

from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

_SURROGATES = {0xDC80 + i: 0x10FF80 + i for i in range(128)}
_STAND_INS = frozenset(map(chr, _SURROGATES.values()))
_PRIVATE_USE = {private: surrogate for surrogate, private in _SURROGATES.items()}


def has_text_form(path: str) -> bool:
    """Return True if a path comes back from the ledger as it went in; see ``PathText``."""
    return path.isascii() or not any(char in path for char in _STAND_INS)


class PathText(TypeDecorator[str]):
    """A path as text; bytes that are no UTF-8 (surrogate escapes in Python) become private-use characters.

    Databases store no lone surrogates. The last 128 characters of plane 16, which have no other use, stand for them.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """Python to database."""
        return value if value is None or value.isascii() else value.translate(_SURROGATES)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002  as above
        """Database to Python."""
        return value if value is None or value.isascii() else str(value).translate(_PRIVATE_USE)


_PATH_TEXT = PathText()


class PathTexts(TypeDecorator[list[str]]):
    """Many paths as one value, a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        """Python to database."""
        return None if value is None else json.dumps([_PATH_TEXT.process_bind_param(path, dialect) for path in value])


class Unsigned64(TypeDecorator[int]):
    """An inode number: network and FUSE file systems use all 64 bits, databases have signed integers."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        """Python to database."""
        return value - (1 << 64) if value is not None and value >= 1 << 63 else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002  as above
        """Database to Python."""
        return int(value) % (1 << 64) if value is not None else None
