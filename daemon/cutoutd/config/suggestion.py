"""The known key that somebody probably meant."""

import difflib
from collections.abc import Iterable


def suggestion(unknown: str, known: Iterable[str]) -> str:
    """The nearest known key as a question, or else all of them."""
    known = list(known)
    nearest = difflib.get_close_matches(unknown.lower().replace("-", "_"), known, n=1)
    return f'did you mean "{nearest[0]}"?' if nearest else f"known here: {', '.join(known)}"
