"""The word of a person that the trees of a folder are right as they are now.

A command stores it in the ledger. The next look at the folder takes it, so it never covers what happens later.
"""

from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos

_GIVEN = "true"


async def give_trust(ledger: Ledger, folder: str) -> None:
    """Store that the trees of a folder are right as they are now."""
    await ledger.remember(_key(folder), _GIVEN)


async def is_trust_given(ledger: Ledger, folder: str) -> bool:
    """Return True if a person said so since the last look."""
    return await ledger.query(photos.remembered, _key(folder)) == _GIVEN


async def end_trust(ledger: Ledger, folder: str) -> None:
    """Store that a look took the word. A crash before it repeats the look, which does no harm."""
    await ledger.remember(_key(folder), "")


def _key(folder: str) -> str:
    return f"trust in {folder}"
