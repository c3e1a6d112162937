"""The queries about photos, events and the memory.

Queries of every step are built once. Building one and finding it among SQLAlchemy's compiled statements takes longer
than its result (``due``: 1.0 ms, built once 0.3 ms; tests/bench).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, func, or_, select, true

from cutoutd.core.photo import BY_LIMIT, NOT_DELAYED, Photo, State, WaitKind
from cutoutd.ledger.schema.rows import Event, event_from, photo_from
from cutoutd.ledger.schema.tables import (
    IS_DELAYED,
    IS_SHOWN,
    IS_TROUBLED,
    IS_UNDER_WAY,
    events,
    memory,
    photos,
    targets,
    waits_as,
)
from cutoutd.ledger.sqlite.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class Total:
    """The number of a folder's photos at one state."""

    folder: str
    state: State
    photos: int


@dataclass(frozen=True, slots=True)
class SkippedPhotos:
    """The photos that a query leaves out."""

    photo_ids: Collection[int] = ()
    folders: Collection[str] = ()


_NONE_SKIPPED = SkippedPhotos()

_IS_DUE = and_(photos.c.state.in_(bindparam("states", expanding=True)), photos.c.wait_until_s <= bindparam("by_s"))
_DUE = (
    select(photos)
    .where(_IS_DUE, photos.c.folder.not_in(bindparam("folders", expanding=True)))
    .order_by(photos.c.wait_until_s, photos.c.id)
    .limit(bindparam("limit"))
)
_IS_VERSION = and_(
    photos.c.folder == bindparam("folder"), photos.c.path == bindparam("path"), photos.c.input == bindparam("input")
)
_ANY_TO_GO_ON = (
    select(photos.c.id)
    .where(
        photos.c.state == bindparam("state"),
        IS_UNDER_WAY,
        photos.c.wait_until_s <= bindparam("by_s"),
        photos.c.wait_kind != WaitKind.UNAVAILABLE.value,
        photos.c.id.not_in(bindparam("avoided", expanding=True)),
    )
    .limit(1)
)
_NEWER_PUBLICATION = (
    select(photos.c.id)
    .where(
        _IS_VERSION,
        or_(photos.c.state == State.PUBLISHED, photos.c.previous_parameters.is_not(None)),
        photos.c.id > bindparam("photo_id"),
    )
    .limit(1)
)
_LAST_CUTOUTS = select(photos.c.cutout_sha256).where(_IS_VERSION, photos.c.cutout_sha256.is_not(None))
_PUBLICATIONS = (
    select(events.c.detail).join_from(events, photos).where(_IS_VERSION, events.c.to_state == State.PUBLISHED)
)

#: The conditions of the indexes by time, for the states that photos stay at for good.
_IN_INDEX: Mapping[State, ColumnElement[bool] | TextClause] = {
    State.PUBLISHED: IS_SHOWN,
    State.REJECTED: IS_TROUBLED,
    State.FAILED: IS_TROUBLED,
}


def due(
    transaction: ReadTransaction,
    states: Collection[State],
    now_s: float,
    limit: int,
    *,
    skipped: SkippedPhotos = _NONE_SKIPPED,
) -> list[Photo]:
    """Return the photos at these states with an ended wait, those that waited longest first."""
    limit_with_skipped = limit + len(skipped.photo_ids)
    values = {"states": list(states), "by_s": now_s, "folders": list(skipped.folders), "limit": limit_with_skipped}
    rows = transaction.execute(_DUE, values)
    return [photo_from(row) for row in rows if row.id not in skipped.photo_ids][:limit]


def count(transaction: ReadTransaction, states: Collection[State]) -> int:
    """Return the number of photos at these states."""
    return _number_of(transaction, photos.c.state.in_(states))


def count_untroubled(transaction: ReadTransaction, states: Collection[State], always: State) -> int:
    """Return the number of photos at these states that nothing delays; those at ``always`` count in any case."""
    is_moving = or_(photos.c.wait_kind.in_(NOT_DELAYED), photos.c.state == always)
    return _number_of(transaction, and_(photos.c.state.in_(states), is_moving))


def furthest_of(
    transaction: ReadTransaction, way: Sequence[State], by_s: float, avoided: Collection[int] = ()
) -> State | None:
    """Return the last of these ordered states at which a photo goes on before this Unix time.

    It is not one of the avoided photos, if there is another one at any of the states.
    """
    for ids in (avoided, ()) if avoided else ((),):
        for state in reversed(way):
            values = {"state": state.value, "by_s": by_s, "avoided": list(ids)}
            if transaction.scalar(_ANY_TO_GO_ON, values) is not None:
                return state
    return None


def _number_of(transaction: ReadTransaction, condition: ColumnElement[bool]) -> int:
    return transaction.scalar(select(func.count()).select_from(photos).where(condition)) or 0


def totals(transaction: ReadTransaction) -> list[Total]:
    """Return the number of photos of each folder at each state."""
    rows = transaction.execute(
        select(photos.c.folder, photos.c.state, func.count()).group_by(photos.c.folder, photos.c.state)
    )
    return [Total(folder, State(state), number) for folder, state, number in rows]


def at_state(transaction: ReadTransaction, states: Collection[State], limit: int) -> list[Photo]:
    """Return the photos at these states, newest fact first."""
    found: list[Photo] = []
    for state in states:  # one by one, because an index then gives the newest of each
        query = select(photos).where(_IN_INDEX.get(state, true()), photos.c.state == state)
        rows = transaction.execute(query.order_by(photos.c.state_at_s.desc()).limit(limit))
        found += [photo_from(row) for row in rows]
    return sorted(found, key=lambda photo: -photo.state_at_s)[:limit]


def waiting(transaction: ReadTransaction, limit: int) -> list[Photo]:
    """Return the photos that something delays, the next to go on first."""
    rows = transaction.execute(select(photos).where(IS_DELAYED).order_by(photos.c.wait_until_s).limit(limit))
    return [photo_from(row) for row in rows]


def history(transaction: ReadTransaction, path: str | None, limit: int, folder: str | None = None) -> list[Event]:
    """Return the last facts of one path or of all, in one folder or in all, oldest first."""
    query = select(events, photos.c.folder, photos.c.path).join_from(events, photos).order_by(events.c.id.desc())
    if path is not None:
        query = query.where(photos.c.path == path)
    if folder is not None:
        query = query.where(photos.c.folder == folder)
    return [event_from(row) for row in transaction.execute(query.limit(limit))][::-1]


def cutouts_of(transaction: ReadTransaction, photo: Photo) -> frozenset[str]:
    """Return the SHA-256 of every cutout that was published for the photo's path, of any version and at any place.

    A photo of the same path in another input is another photo, so its cutout must not be replaced.
    """
    last = transaction.scalars(_LAST_CUTOUTS, _path_of(photo))
    # A person may have put an earlier cutout back after it was made again.
    earlier = (
        json.loads(detail).get("cutout_sha256") for detail in transaction.scalars(_PUBLICATIONS, _path_of(photo))
    )
    return frozenset(sha256 for sha256 in (*last, *earlier) if sha256)


def outputs_used(transaction: ReadTransaction) -> frozenset[str]:
    """Return the output roots in which some photo has a target."""
    return frozenset(transaction.scalars(select(targets.c.output).distinct()))


def last_cutouts_in(transaction: ReadTransaction, output: str, below: str, limit: int) -> list[tuple[str, int]]:
    """Return target and size of the last published cutouts in a folder of an output, "" for its root.

    It reads a row for each cutout, so ask it only when the mounts of the output have changed.
    """
    rows = transaction.execute(
        select(photos.c.target, photos.c.cutout_bytes)
        .where(photos.c.output == output, photos.c.state == State.PUBLISHED, _is_in(photos.c.target, below))
        .order_by(photos.c.id.desc())
        .limit(limit)
    )
    return [(target, size_bytes or 0) for target, size_bytes in rows]


def has_target_in(transaction: ReadTransaction, output: str, below: str) -> bool:
    """Return True if a photo has its target in a folder of an output."""
    is_there = select(targets.c.target).where(targets.c.output == output, _is_in(targets.c.target, below)).limit(1)
    return transaction.scalar(is_there) is not None


def _is_in(target: ColumnElement[str], folder: str) -> ColumnElement[bool]:
    # A range, because a name may hold the wildcards of LIKE; "0" is the character after "/".
    return and_(target > f"{folder}/", target < f"{folder}0") if folder else true()


def has_newer_publication(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if a later version of the photo's path has a published cutout."""
    return transaction.scalar(_NEWER_PUBLICATION, {**_path_of(photo), "photo_id": photo.id}) is not None


def _path_of(photo: Photo) -> dict[str, str]:
    return {"folder": photo.identity.folder, "path": photo.identity.path, "input": photo.identity.input}


def open_launches(transaction: ReadTransaction, photo: Photo, since_s: float, limit: int) -> list[Photo]:
    """Return other photos with a paid call since this Unix time and maybe a result that no photo has.

    A photo may have ended while its launch had no known outcome, so its state does not matter then. One that gave its
    upload up, and waits to be launched again, may have a result of the earlier launch.
    """
    is_unclear = photos.c.unclear_since_s > since_s
    is_under_way = photos.c.state.in_({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})
    is_running = and_(is_under_way, photos.c.state_at_s > since_s)
    is_to_launch = photos.c.state.in_([State.ACCEPTED.value, State.UPLOADED.value])
    has_lost = and_(photos.c.has_lost_outcome.is_(True), is_to_launch, photos.c.state_at_s > since_s)
    found: dict[int, Photo] = {}
    # One by one, and in the order of their indexes, else the planner goes through all photos.
    orders = ((is_running, photos.c.id), (is_unclear, photos.c.unclear_since_s), (has_lost, photos.c.id))
    for is_open, order in orders:
        query = select(photos).where(is_open, photos.c.id != photo.id).order_by(order).limit(limit)
        found |= {row.id: photo_from(row) for row in transaction.execute(query)}
    return [found[photo_id] for photo_id in sorted(found)][:limit]


def to_keep(transaction: ReadTransaction, since_s: float, limit: int) -> list[str]:
    """Return the results that were not fetched since this Unix time and that Uploadcare was not told to store."""
    is_unfetched = and_(
        # The result of a failed photo counts too, because a retry can fetch it.
        photos.c.state.in_([State.REMOVAL_FINISHED, State.FAILED, State.DISMISSED]),
        photos.c.result_uuid.is_not(None),
        photos.c.state_at_s < since_s,
        or_(photos.c.kept_uuid.is_(None), photos.c.kept_uuid != photos.c.result_uuid),
    )
    return list(
        transaction.scalars(select(photos.c.result_uuid).where(is_unfetched).order_by(photos.c.state_at_s).limit(limit))
    )


def held(transaction: ReadTransaction) -> int:
    """Return the number of photos that are held or unapproved."""
    return _number_of(transaction, and_(IS_DELAYED, photos.c.wait_kind.in_(sorted(BY_LIMIT))))


def failed_since(transaction: ReadTransaction, since_s: float) -> int:
    """Return the number of photos that failed after this Unix time."""
    is_later = and_(IS_TROUBLED, photos.c.state == State.FAILED, photos.c.state_at_s > since_s)
    return _number_of(transaction, is_later)


def first_over_limit(transaction: ReadTransaction) -> Photo | None:
    """Return the first photo that is held."""
    rows = transaction.execute(select(photos).where(waits_as(WaitKind.HELD)).order_by(photos.c.id).limit(1))
    return next((photo_from(row) for row in rows), None)


def over_limit(transaction: ReadTransaction) -> int:
    """Return the number of photos that are held."""
    return _number_of(transaction, waits_as(WaitKind.HELD))


def remembered(transaction: ReadTransaction, key: str) -> str | None:
    """Return the value stored under this key; None: there is none."""
    value: str | None = transaction.scalar(select(memory.c.value).where(memory.c.key == key))
    return value
