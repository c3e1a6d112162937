"""The facts that can become true of a photo: each function is the work of one transaction, row and event together."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from cutoutd.core.errors import DuplicateInProgressError, PhotoMovedOnError
from cutoutd.core.photo import (
    NO_WAIT,
    TERMINAL,
    Accepted,
    Fact,
    Failed,
    Identity,
    Photo,
    RemovalIntended,
    Reprocessed,
    State,
    Wait,
    WaitKind,
)
from cutoutd.ledger.schema.rows import identity_values, wait_values
from cutoutd.ledger.schema.tables import events, photos
from cutoutd.ledger.sqlite.transactions import Prepared, ReadTransaction, WriteTransaction
from cutoutd.ledger.writes import approvals, launches, remote_files, targets, webhook_results

#: Names in the detail of events, which ``cutoutd history --json`` shows: users have them, so they stay.
_DETAIL_NAMES = {
    "failed_state": "failed_at",
    "previous_parameters": "earlier_parameters",
    "reprocess_started_s": "anew_since_s",
}

_NEW_ROW = {
    **wait_values(NO_WAIT),
    "wait_set_at_s": 0.0,
    "state": State.DISCOVERED.value,
    "has_lost_outcome": False,
    "is_source_due": False,
}
_INSERT_PHOTO = Prepared(
    sqlite.insert(photos).on_conflict_do_nothing().returning(photos.c.id),
    [*identity_values(Identity("", "", 0, 0, 0, 0)), "state_at_s", *_NEW_ROW],
)
_INSERT_EVENT = Prepared(insert(events), ["photo_id", "at_s", "from_state", "to_state", "detail"])
_END_WAITS = Prepared(
    update(photos)
    .where(photos.c.wait_for == bindparam("photo_id"))
    .values(wait_for=None, wait_kind=WaitKind.NONE.value, wait_until_s=0.0, wait_reason="")
)


def discover(transaction: WriteTransaction, identity: Identity, at_s: float) -> Photo | None:
    """Store a finished file as a new photo; return None if this version of the file is stored already."""
    row = transaction.run(_INSERT_PHOTO, {**_NEW_ROW, **identity_values(identity), "state_at_s": at_s}).fetchone()
    if row is None:
        return None
    photo = Photo(id=row[0], identity=identity, state=State.DISCOVERED, state_at_s=at_s)
    add_event(transaction, photo, None, {"size_bytes": identity.size_bytes})
    return photo


def record(transaction: WriteTransaction, photo: Photo, fact: Fact, at_s: float, wait: Wait = NO_WAIT) -> Photo:
    """Store a fact and return the photo with it.

    Raises:
        ValueError: the fact may not follow the photo's state.
        PhotoMovedOnError: the row has another state than the photo, so another fact was stored first.
        DuplicateInProgressError: another photo with the same content and parameters is being paid for.
    """
    changed = photo.with_fact(fact, at_s)
    if wait != NO_WAIT and webhook_results.has_arrived(transaction, changed):
        wait = NO_WAIT
    if wait.for_photo is not None:
        transaction.known.add_payer(wait.for_photo)
    changed = replace(changed, wait=wait)
    facts = asdict(fact)
    values = {**facts, **wait_values(wait), "wait_set_at_s": at_s, "state": changed.state.value, "state_at_s": at_s}
    if isinstance(fact, Failed):
        values["failed_state"] = photo.state
    if photo.state in TERMINAL:
        # An approval ends with the photo. To reprocess is to approve, because the command tells the price.
        values["approved_at_s"] = at_s if isinstance(fact, Reprocessed) else None
    try:
        _update_row(transaction, photo, values)
    except IntegrityError as error:
        raise DuplicateInProgressError("the same picture is being paid for at another path") from error
    detail = {_DETAIL_NAMES.get(name, name): value for name, value in facts.items()}
    add_event(transaction, changed, photo.state, detail)
    launches.update_launch(transaction, photo, fact, at_s)
    remote_files.note_fact(transaction, photo, fact, at_s)
    if changed.state in TERMINAL:
        end_waits_for(transaction, changed)
    return changed


def accept(
    transaction: WriteTransaction, photo: Photo, fact: Accepted, free_targets: Sequence[str], at_s: float
) -> Photo:
    """Accept a photo and reserve its target in one transaction.

    A path that had a target keeps it for ever; otherwise it gets the first of ``free_targets`` that no other path
    claims, compared under NFC and case folding.

    Raises:
        RejectedError: every one of them is taken.
    """
    target = targets.reserve_target(transaction, photo.identity, fact.output, free_targets)
    return record(transaction, photo, replace(fact, target=target), at_s)


def record_launch_intent(
    transaction: WriteTransaction,
    photo: Photo,
    require: Callable[[launches.LaunchCounts], None] | None,
    *,
    most: int | None,
    at_s: float,
) -> Photo:
    """Store that the paid call is about to be made, unless ``require`` raises an error about the launches so far.

    Without ``require`` the launches are not counted, because counting a month of them takes milliseconds.

    Raises:
        UnapprovedError: the photo is not approved, and its folder's batch is larger than ``most``.
    """
    if require is not None:
        require(launches.launch_counts(transaction, at_s))
    approvals.require_approved(transaction, photo, most)
    return record(transaction, photo, RemovalIntended(), at_s)


def postpone(transaction: WriteTransaction, photo: Photo, wait: Wait, at_s: float) -> Photo:
    """Store the wait of a photo. Its state stays, and there is no event, because a wait is not a fact.

    The photo does not wait for a photo that has ended, nor if its webhook result has arrived. If its own wait may last
    for ever, the duplicates that wait for it go on.
    """
    if wait.for_photo is not None and _is_terminal(transaction, wait.for_photo):
        wait = NO_WAIT
    if webhook_results.has_arrived(transaction, photo):
        wait = NO_WAIT
    if wait.may_last and photo.state not in {State.REMOVAL_INTENDED, State.REMOVAL_STARTED}:
        end_waits_for(transaction, photo)
    if wait.for_photo is not None:
        transaction.known.add_payer(wait.for_photo)
    _update_row(transaction, photo, {**wait_values(wait), "wait_set_at_s": at_s})
    return replace(photo, wait=wait)


def resume(transaction: WriteTransaction, photo: Photo, fact: Fact, ctime_ns: int, at_s: float) -> Photo:
    """Store that an ended photo goes on because a person asked for it; its file is the same, but for its ctime.

    Raises:
        PhotoMovedOnError: the photo went on already.
        DuplicateInProgressError: another photo with the same content and parameters is being paid for.
    """
    _update_row(transaction, photo, {"ctime_ns": ctime_ns})
    return record(transaction, replace(photo, identity=replace(photo.identity, ctime_ns=ctime_ns)), fact, at_s)


def end_waits_for(transaction: WriteTransaction, photo: Photo) -> None:
    """End the waits of all photos that wait for this one."""
    if transaction.known.may_be_awaited(photo.id):
        transaction.run(_END_WAITS, {"photo_id": photo.id})


def add_event(transaction: WriteTransaction, photo: Photo, from_state: State | None, detail: dict[str, Any]) -> None:
    """Append an event to a photo's history."""
    values = {
        "photo_id": photo.id,
        "at_s": photo.state_at_s,
        "from_state": from_state,
        "to_state": photo.state,
        "detail": json.dumps(detail),
    }
    transaction.run(_INSERT_EVENT, values)


def _update_row(transaction: WriteTransaction, photo: Photo, values: dict[str, Any]) -> None:
    values = {**values, "row_id": photo.id, "row_state": photo.state}
    if transaction.run(_row_update(tuple(values)), values).rowcount != 1:
        msg = f"photo {photo.id} is no longer {photo.state}; another program wrote to the ledger"
        raise PhotoMovedOnError(msg)


@cache
def _row_update(names: tuple[str, ...]) -> Prepared:
    """Return the UPDATE for a set of columns; there are as many sets as kinds of facts."""
    is_row = and_(photos.c.id == bindparam("row_id"), photos.c.state == bindparam("row_state"))
    columns = [name for name in names if name not in {"row_id", "row_state"}]
    return Prepared(update(photos).where(is_row).values({name: bindparam(name) for name in columns}))


def payers(transaction: ReadTransaction) -> set[int]:
    """Return the photos that others wait for."""
    return set(transaction.scalars(select(photos.c.wait_for).where(photos.c.wait_for.is_not(None)).distinct()))


def _is_terminal(transaction: WriteTransaction, photo_id: int) -> bool:
    return transaction.scalar(select(photos.c.state).where(photos.c.id == photo_id)) in TERMINAL
