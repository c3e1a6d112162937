"""What can be written into the ledger: each function is one transaction's work, row and event together."""

import json
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

from sqlalchemy import Update, and_, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from cutoutd.core.errors import DuplicateInProgressError, LedgerError, RejectedError, RejectionCode
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
    SourceOutcome,
    State,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.ledger.schema.rows import detail_values, fact_values, identity_values, source_values, wait_values
from cutoutd.ledger.schema.tables import events, memory, photos, targets, waits_as
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes import approvals, launches, webhook_results

#: The waits that may last for ever: no duplicate waits for such a photo.
_UNBOUNDED = frozenset({WaitKind.UNAVAILABLE, WaitKind.UNAPPROVED})

# Statements that every photo needs, built once: at every call that took longer than the database's work.
_INSERT_PHOTO = sqlite.insert(photos).on_conflict_do_nothing().returning(photos.c.id)
_INSERT_EVENT = insert(events)
_END_WAITS = (
    update(photos)
    .where(photos.c.wait_for == bindparam("photo_id"))
    .values(wait_for=None, wait_kind=WaitKind.NONE.value, wait_until_s=0.0, wait_reason="")
)
_INSERT_TARGET = insert(targets)
_KEPT_TARGET = select(targets.c.target).where(
    targets.c.folder == bindparam("folder"),
    targets.c.path == bindparam("path"),
    targets.c.output == bindparam("output"),
)
_TAKEN_TARGETS = select(targets.c.target_key).where(
    targets.c.output == bindparam("output"), targets.c.target_key.in_(bindparam("keys", expanding=True))
)
_TARGET_BETWEEN = (
    select(targets.c.target_key)
    .where(
        targets.c.output == bindparam("output"),
        targets.c.target_key > bindparam("after"),
        targets.c.target_key < bindparam("before"),
    )
    .limit(1)
)


def discover(connection: WriteTransaction, identity: Identity, at_s: float) -> Photo | None:
    """A finished file becomes a row; None when this version is one already."""
    values = {**identity_values(identity), **wait_values(NO_WAIT), "state": State.DISCOVERED, "state_at_s": at_s}
    values |= {"has_lost_outcome": False, "is_source_due": False}
    photo_id = connection.execute(_INSERT_PHOTO, values).scalar_one_or_none()
    if photo_id is None:
        return None
    photo = Photo(id=photo_id, identity=identity, state=State.DISCOVERED, state_at_s=at_s)
    add_event(connection, photo, None, {"size_bytes": identity.size_bytes})
    return photo


def record(connection: WriteTransaction, photo: Photo, fact: Fact, at_s: float, wait: Wait = NO_WAIT) -> Photo:
    """A fact becomes true of a photo.

    Raises:
        ValueError: the fact may not follow the photo's state.
        LedgerError: the row's state is no longer the photo's, so somebody else stored a fact first.
        DuplicateInProgressError: another photo with the same content and parameters is being paid for.
    """
    changed = photo.with_fact(fact, at_s)
    if webhook_results.has_arrived(connection, changed):
        wait = NO_WAIT
    changed = replace(changed, wait=wait)
    values = {**fact_values(fact), **wait_values(wait), "state": changed.state, "state_at_s": at_s}
    values["wait_set_at_s"] = at_s
    if isinstance(fact, Failed):
        values["failed_state"] = photo.state
    if isinstance(fact, Uploaded):
        values["remote_cleaned_at_s"] = None  # what was deleted there was an earlier upload
    if photo.state.is_terminal:
        # What was approved is over; whoever has a cutout made anew was told what it may cost.
        values["approved_at_s"] = at_s if isinstance(fact, Reprocessed) else None
    try:
        _update_row(connection, photo, values)
    except IntegrityError as error:
        raise DuplicateInProgressError("the same picture is being paid for at another path") from error
    add_event(connection, changed, photo.state, detail_values(fact))
    launches.update_launch(connection, photo, fact, at_s)
    if changed.state.is_terminal:
        end_waits_for(connection, changed)
    return changed


def accept(
    connection: WriteTransaction, photo: Photo, fact: Accepted, free_targets: Sequence[str], at_s: float
) -> Photo:
    """Accept a photo and reserve its target in one transaction.

    A path that had a target keeps it for ever; otherwise it gets the first of ``free_targets`` that no other path
    claims, compared under NFC and case folding.

    Raises:
        RejectedError: every one of them is taken.
    """
    target = _kept_target(connection, photo.identity, fact.output) or _claim_target(
        connection, photo.identity, fact.output, free_targets
    )
    return record(connection, photo, replace(fact, target=target), at_s)


def record_launch_intent(
    connection: WriteTransaction,
    photo: Photo,
    require: Callable[[launches.LaunchCounts], None] | None,
    *,
    most: int | None,
    at_s: float,
) -> Photo:
    """The paid call is about to be made, if ``require`` raises nothing about what was spent before it.

    Without ``require`` nobody counts: a month of launches takes milliseconds.

    Raises:
        UnapprovedError: nobody approved the photo, and its folder's batch is larger than ``most``.
    """
    if require is not None:
        require(launches.launch_counts(connection, at_s))
    approvals.require_approved(connection, photo, most)
    return record(connection, photo, RemovalIntended(), at_s)


def postpone(connection: WriteTransaction, photo: Photo, wait: Wait, at_s: float) -> Photo:
    """A photo waits; its state stays. No event: a wait is not a fact.

    Nobody waits for a photo that is at rest, nor any longer for one that waits for its folder or for a person; and no
    photo waits whose result was announced meanwhile.
    """
    if wait.for_photo is not None and _is_terminal(connection, wait.for_photo):
        wait = NO_WAIT
    if webhook_results.has_arrived(connection, photo):
        wait = NO_WAIT
    if wait.kind in _UNBOUNDED:
        end_waits_for(connection, photo)
    _update_row(connection, photo, {**wait_values(wait), "wait_set_at_s": at_s})
    return replace(photo, wait=wait)


def resume(connection: WriteTransaction, photo: Photo, fact: Fact, ctime_ns: int, at_s: float) -> Photo:
    """A photo at rest goes on because a person asked for it; its file is the same, whatever its ctime says.

    Raises:
        LedgerError: somebody took it up first.
        DuplicateInProgressError: it would stand beside another photo of the same picture that is being paid for.
    """
    _update_row(connection, photo, {"ctime_ns": ctime_ns})
    return record(connection, replace(photo, identity=replace(photo.identity, ctime_ns=ctime_ns)), fact, at_s)


def release_held(connection: WriteTransaction, most: int) -> None:
    """So many photos that a limit of day or month holds go on, the first ones first; who is over one is held again."""
    first = select(photos.c.id).where(waits_as(WaitKind.HELD)).order_by(photos.c.id).limit(most)
    connection.execute(update(photos).where(photos.c.id.in_(first)).values(wait_values(NO_WAIT)))


def release_unavailable(connection: WriteTransaction, folder: str | None) -> None:
    """The sources of a folder, or of all, may be had again."""
    away = update(photos).where(waits_as(WaitKind.UNAVAILABLE))
    connection.execute((away.where(photos.c.folder == folder) if folder else away).values(wait_values(NO_WAIT)))


def move_input(connection: WriteTransaction, folder: str, before: str, now: str) -> None:
    """A folder's input tree has moved, with all that is in it."""
    moved = update(photos).where(photos.c.folder == folder, photos.c.input == before)
    connection.execute(moved.values(input=now))


def remember(connection: WriteTransaction, key: str, value: str, at_s: float) -> None:
    """Keep a value across restarts, in place of an earlier one."""
    changed = connection.execute(update(memory).where(memory.c.key == key).values(value=value, at_s=at_s))
    if changed.rowcount == 0:
        connection.execute(insert(memory).values(key=key, value=value, at_s=at_s))


def mark_source_done(connection: WriteTransaction, photo: Photo, outcome: SourceOutcome | None, at_s: float) -> None:
    """Store that nothing is left to be done to the source; the sentence of its outcome joins the photo's history."""
    values: dict[str, object] = {"is_source_due": False}
    if outcome is not None and outcome.result is not None:
        values |= source_values(outcome)
    connection.execute(update(photos).where(photos.c.id == photo.id).values(values))
    if outcome is not None:
        add_event(connection, replace(photo, state_at_s=at_s), photo.state, {"sentence": outcome.sentence})


def mark_source_missing(connection: WriteTransaction, photo_ids: Collection[int], at_s: float | None) -> None:
    """The sources of these photos were found removed; None: they are there after all."""
    connection.execute(update(photos).where(photos.c.id.in_(photo_ids)).values(source_missing_since_s=at_s))


def mark_cleaned(connection: WriteTransaction, cleaned: Sequence[Photo], at_s: float) -> None:
    """The photos' files at Uploadcare are deleted; files of a photo that a person took up meanwhile are others."""
    ids, uuids = [photo.id for photo in cleaned], [photo.upload.source_uuid for photo in cleaned]
    is_same = and_(photos.c.id.in_(ids), photos.c.source_uuid.in_(uuids))
    connection.execute(update(photos).where(is_same).values(remote_cleaned_at_s=at_s))


def mark_kept(connection: WriteTransaction, result_uuids: Collection[str]) -> None:
    """Uploadcare was told to store these results."""
    connection.execute(
        update(photos).where(photos.c.result_uuid.in_(result_uuids)).values(kept_uuid=photos.c.result_uuid)
    )


def target_key(target: str) -> str:
    """Equal for targets that some file system takes for the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", target).casefold())


def _kept_target(connection: ReadTransaction, identity: Identity, output: str) -> str | None:
    claimant = {"folder": identity.folder, "path": identity.path, "output": output}
    target: str | None = connection.scalar(_KEPT_TARGET, claimant)
    return target


def _claim_target(connection: WriteTransaction, identity: Identity, output: str, free_targets: Sequence[str]) -> str:
    keys = [target_key(target) for target in free_targets]
    above = {key: set(_folders_of(key)) for key in keys}
    looked_up = list({*keys, *chain.from_iterable(above.values())})
    taken = set(connection.scalars(_TAKEN_TARGETS, {"output": output, "keys": looked_up}))
    for target, key in zip(free_targets, keys, strict=True):
        # Neither a cutout in place of another one's folder, nor a folder in place of a cutout.
        if key not in taken and not above[key] & taken and not _is_folder_of_some(connection, output, key):
            claim = {"folder": identity.folder, "path": identity.path, "output": output}
            connection.execute(_INSERT_TARGET, {**claim, "target": target, "target_key": key})
            return target
    msg = f"another photo or file has the place of its cutout in {output}"
    raise RejectedError(
        RejectionCode.TARGET_TAKEN, msg, advice="Rename the photo, or set on_conflict: rename for its folder."
    )


def _folders_of(key: str) -> Iterator[str]:
    """The folders above a target, each as the target that it would be."""
    return (key[:at] for at, char in enumerate(key) if char == "/")


def _is_folder_of_some(connection: ReadTransaction, output: str, key: str) -> bool:
    """Whether some target lies below this one; "0" is the character behind "/"."""
    return connection.scalar(_TARGET_BETWEEN, {"output": output, "after": f"{key}/", "before": f"{key}0"}) is not None


def _update_row(connection: WriteTransaction, photo: Photo, values: dict[str, object]) -> None:
    result = connection.execute(
        _row_update(frozenset(values)), {**values, "row_id": photo.id, "row_state": photo.state}
    )
    if result.rowcount != 1:
        msg = f"photo {photo.id} is no longer {photo.state}; somebody else wrote to the ledger"
        raise LedgerError(msg)


@cache
def _row_update(columns: frozenset[str]) -> Update:
    """For each set of columns, of which there are as many as kinds of facts: a fact took 1.8 ms, now 0.7 ms."""
    is_row = and_(photos.c.id == bindparam("row_id"), photos.c.state == bindparam("row_state"))
    return update(photos).where(is_row).values({name: bindparam(name) for name in columns})


def _is_terminal(connection: ReadTransaction, photo_id: int) -> bool:
    return connection.scalar(select(photos.c.state).where(photos.c.id == photo_id)) in TERMINAL


def end_waits_for(connection: WriteTransaction, photo: Photo) -> None:
    """Nobody waits for this photo any more."""
    connection.execute(_END_WAITS, {"photo_id": photo.id})


def add_event(connection: WriteTransaction, photo: Photo, from_state: State | None, detail: dict[str, object]) -> None:
    """Append a line to a photo's history."""
    values = {
        "photo_id": photo.id,
        "at_s": photo.state_at_s,
        "from_state": from_state,
        "to_state": photo.state,
        "detail": json.dumps(detail),
    }
    connection.execute(_INSERT_EVENT, values)
