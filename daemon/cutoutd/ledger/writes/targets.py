"""Targets: the places of cutouts in the output trees, each claimed by one source path for ever."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import and_, bindparam, delete, exists, not_, select
from sqlalchemy.dialects import sqlite

from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.core.photo import Identity
from cutoutd.ledger.schema.tables import targets
from cutoutd.ledger.sqlite.transactions import Prepared, WriteTransaction

_COLUMNS = ("folder", "path", "output", "target", "target_key")
_IS_OUTPUT = targets.c.output == bindparam("output")
_IS_BELOW = and_(targets.c.target_key > bindparam("after"), targets.c.target_key < bindparam("before"))

_KEPT = select(targets.c.target).where(
    targets.c.folder == bindparam("folder"), targets.c.path == bindparam("path"), _IS_OUTPUT
)
_FORGET = delete(targets).where(
    targets.c.folder == bindparam("folder"), targets.c.path == bindparam("path"), _IS_OUTPUT
)


def reserve_target(transaction: WriteTransaction, identity: Identity, output: str, free_targets: Sequence[str]) -> str:
    """Return the target that the path has already, or reserve the first that no other path claims.

    Raises:
        RejectedError: every one of them is taken.
    """
    for target in free_targets[:1]:  # mostly it is free, which one statement finds out
        if _claim(transaction, identity, output, target):
            return target
    kept: str | None = transaction.scalar(_KEPT, {"folder": identity.folder, "path": identity.path, "output": output})
    if kept is not None:
        return kept
    for target in free_targets[1:]:
        if _claim(transaction, identity, output, target):
            return target
    msg = f"the place of its cutout in {output} belongs to another photo or file"
    raise RejectedError(
        RejectionCode.TARGET_TAKEN, msg, advice="Rename the photo, or set on_conflict: rename for its folder."
    )


def replace_target(transaction: WriteTransaction, identity: Identity, output: str, safer: Sequence[str]) -> str:
    """Give a path the first of these targets that is free, because its disk refused the one it had.

    A path that has one of them already keeps it, because a crash may have come after this call.

    Raises:
        RejectedError: every one of them is taken; the path keeps its target.
    """
    path = {"folder": identity.folder, "path": identity.path, "output": output}
    if transaction.scalar(_KEPT, path) not in safer:
        transaction.execute(_FORGET, path)
    return reserve_target(transaction, identity, output, safer)


def target_key(target: str) -> str:
    """Return a text that is equal for targets that some file system takes for the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", target).casefold())


def _claim(transaction: WriteTransaction, identity: Identity, output: str, target: str) -> bool:
    """Return True if the path has this target now; False if the path has another one, or the target is taken."""
    key = target_key(target)
    above = list(_folders_above(key))
    values = {"folder": identity.folder, "path": identity.path, "output": output, "target": target, "target_key": key}
    values |= _bounds_below(key) | {f"above_{number}": folder for number, folder in enumerate(above)}
    return transaction.run(_claim_statement(len(above)), values).rowcount == 1


@cache
def _claim_statement(depth: int) -> Prepared:
    """Return the INSERT for a target in this many folders.

    The primary key refuses a path that has a target, the unique index a target that another path has. The condition
    refuses a cutout in place of a folder of others, and a folder in place of a cutout.
    """
    values = select(*(bindparam(name, type_=targets.c[name].type) for name in _COLUMNS))
    is_folder = exists().where(_IS_OUTPUT, _IS_BELOW)
    is_free = not_(is_folder)
    if depth:
        # With their type, because a list gives its parameters none, and keys may hold bytes that are no text.
        kind = targets.c.target_key.type
        above = targets.c.target_key.in_([bindparam(f"above_{number}", type_=kind) for number in range(depth)])
        is_free = and_(is_free, not_(exists().where(_IS_OUTPUT, above)))
    return Prepared(sqlite.insert(targets).from_select(_COLUMNS, values.where(is_free)).on_conflict_do_nothing())


def _folders_above(key: str) -> Iterator[str]:
    """Yield the folders above a target, each as the target that it would be."""
    return (key[:at] for at, char in enumerate(key) if char == "/")


def _bounds_below(key: str) -> dict[str, str]:
    """Return the keys between which everything below a target lies; "0" is the character behind "/"."""
    return {"after": f"{key}/", "before": f"{key}0"}
