"""The pick: the photos that a stage takes next, in turn between the folders, and the room downstream.

A pick is one statement. It reads two ranges of the index ``due`` for each folder, both with a limit:

- photos that never waited here, the oldest first;
- photos with a wait that has ended, the longest ended first.

The first of each range come first, then the second ones. Therefore a single photo does not wait for a hundred thousand
of another folder. A photo that met trouble once does not wait for all fresh ones. On a shared ledger the same statement
can claim its rows (``FOR UPDATE SKIP LOCKED``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, or_, select, true, union_all

from cutoutd.core.photo import NOT_DELAYED, Photo, State, WaitKind
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import IS_UNDER_WAY, events, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

#: About as many index entries as a pick reads, whatever the number of folders.
_ENTRIES_READ = 1024

#: From each folder at least so many, else a folder with much work would need a pick for each photo.
_LEAST_EACH = 2

#: Photos that wait for a person, a disk, the calendar or a payer. They hold up no other photo, however many they are.
_STANDING_STILL = frozenset(
    {WaitKind.UNAVAILABLE, WaitKind.PLACE, WaitKind.UNAPPROVED, WaitKind.HELD, WaitKind.DUPLICATE}
)

#: The facts before a start that show which photos went on last.
_LAST_FACTS = 500

#: The states in which Uploadcare works, or may work, at a removal.
_AT_WORK = (State.REMOVAL_INTENDED.value, State.REMOVAL_STARTED.value)


@dataclass(frozen=True, slots=True)
class PickQuery:
    """The wish of a stage for photos."""

    state: State
    now_s: float  #: Unix time
    limit: int  #: the most photos to return
    excluded_folders: Collection[str] = ()
    skipped_ids: Collection[int] = ()  #: photos with a step under way
    after_folder: str = ""  #: the folder that was served last; the turn begins behind it
    folders: int = 1  #: about as many folders have photos at the state


@dataclass(frozen=True, slots=True)
class Picked:
    """The answer to a wish."""

    photos: list[Photo]
    next_due_s: float | None  #: Unix time at which the next wait ends; None: no other photo waits
    has_more: bool  #: True if more photos may be due


@dataclass(frozen=True, slots=True)
class RoomQuery:
    """The question for the photos downstream of a stage."""

    states: Collection[State]
    uncounted_folders: Collection[str] = ()  #: folders with photos that do not count
    now_s: float = 0.0  #: Unix time
    late_after_s: float = 0.0  #: a photo is late if it came to its state longer ago
    moved_s: Mapping[State, float] = field(default_factory=dict)
    #: for each state the Unix time at which the newest photo that went on had come to it


@dataclass(frozen=True, slots=True)
class Downstream:
    """The photos downstream of a stage that take a place."""

    placed: int  #: their number
    late: int  #: the number of late ones among them; one that came later going on would free their places
    newest_s: float | None  #: Unix time at which the newest of them came to its state; None: there is none


def _is_at_state(folder: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(photos.c.state == bindparam("state"), IS_UNDER_WAY, photos.c.folder == folder)


def _pick_statement() -> Select[tuple[object, ...]]:
    # Each next folder is one look into the index, because a list of folders would read every entry.
    first = select(func.min(photos.c.folder).label("folder")).where(photos.c.state == bindparam("state"), IS_UNDER_WAY)
    folders = first.cte("folders", recursive=True)
    following = (
        select(func.min(photos.c.folder))
        .where(photos.c.state == bindparam("state"), IS_UNDER_WAY, photos.c.folder > folders.c.folder)
        .correlate(folders)
        .scalar_subquery()
    )
    folders = folders.union_all(select(following).where(folders.c.folder.is_not(None)))
    is_open = folders.c.folder.not_in(bindparam("excluded_folders", expanding=True))
    served = select(folders.c.folder).where(folders.c.folder.is_not(None), is_open).cte("served")

    is_ended = and_(photos.c.wait_until_s > 0, photos.c.wait_until_s <= bindparam("now_s"))
    ranges = (
        (0, photos.c.wait_until_s == 0, (photos.c.id,)),
        (1, is_ended, (photos.c.wait_until_s, photos.c.id)),
    )
    chosen = photos.alias("chosen")
    parts = []
    for number, condition, order in ranges:
        ids = (
            select(photos.c.id)
            .where(_is_at_state(served.c.folder), condition)
            .order_by(*order)
            .limit(bindparam("each"))
            .correlate(served)
        )
        parts.append(
            select(chosen.c.id, served.c.folder, chosen.c.wait_until_s, literal(number).label("range"))
            .select_from(served)
            .join(chosen, chosen.c.id.in_(ids))
        )
    due = union_all(*parts).cte("due")
    place = (due.c.folder, due.c.range)
    turn = func.row_number().over(partition_by=place, order_by=(due.c.wait_until_s, due.c.id)).label("turn")
    turns = select(due.c.id, *place, turn).cte("turns")

    coming = (
        select(photos.c.wait_until_s)
        .where(_is_at_state(served.c.folder), photos.c.wait_until_s > bindparam("now_s"))
        .order_by(photos.c.wait_until_s)
        .limit(1)
        .correlate(served)
        .scalar_subquery()
    )
    next_due = select(func.min(coming).label("next_due_s")).select_from(served).cte("next_due")
    is_before_turn = turns.c.folder <= bindparam("after_folder")
    return (
        select(photos, turns.c.turn, next_due.c.next_due_s)
        .select_from(next_due)
        .join(turns, true(), isouter=True)
        .join(photos, photos.c.id == turns.c.id, isouter=True)
        .order_by(turns.c.turn, turns.c.range, is_before_turn, turns.c.folder)
        .limit(bindparam("limit"))
    )


_pick = cache(_pick_statement)  # built at the first pick
_PASSABLE = (State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED)
_IS_LATE = and_(
    photos.c.state_at_s < bindparam("late_before_s"),
    or_(photos.c.state.in_(_AT_WORK), photos.c.wait_kind.not_in(sorted(NOT_DELAYED))),
)
_IS_PASSED = photos.c.state_at_s < case(
    *((photos.c.state == state.value, bindparam(f"moved_{state.value}_s")) for state in _PASSABLE), else_=0.0
)
_IS_PLACED = ~and_(_IS_LATE, _IS_PASSED)
_DOWNSTREAM = select(
    func.count().filter(_IS_PLACED),
    func.count().filter(_IS_PLACED, _IS_LATE),
    func.max(photos.c.state_at_s).filter(_IS_PLACED, photos.c.state_at_s <= bindparam("now_s")),
).where(
    photos.c.state.in_(bindparam("states", expanding=True)),
    photos.c.wait_kind.not_in(sorted(_STANDING_STILL)),
    photos.c.folder.not_in(bindparam("uncounted_folders", expanding=True)),
)


def pick(transaction: ReadTransaction, query: PickQuery) -> Picked:
    """Return the photos at a state that are due, in turn between the folders and between fresh and retried ones."""
    skipped = len(query.skipped_ids)
    each = min(query.limit, max(_LEAST_EACH, _ENTRIES_READ // max(1, query.folders))) + skipped
    values = {
        "state": query.state.value,
        "now_s": query.now_s,
        "each": each,
        "limit": query.limit + skipped,
        "excluded_folders": list(query.excluded_folders),
        "after_folder": query.after_folder,
    }
    rows = transaction.execute(_pick(), values).all()
    next_due_s = rows[0].next_due_s
    due = [row for row in rows if row.id is not None]
    picked = [photo_from(row) for row in due if row.id not in query.skipped_ids][: query.limit]
    has_more = len(due) >= query.limit or any(row.turn >= each for row in due)
    return Picked(picked, next_due_s, has_more)


def newest_moved(transaction: ReadTransaction, went_on: Mapping[State, Collection[State]]) -> dict[State, float]:
    """Return for each state the Unix time at which the newest photo that went on had come to it.

    Only the last facts are looked at, because the newest photos are among them. ``went_on`` are the facts that show it.
    """
    found: dict[State, float] = {}
    newest_id = transaction.scalar(select(func.max(events.c.id))) or 0
    last = select(events.c.photo_id, events.c.to_state).where(events.c.id > newest_id - _LAST_FACTS)
    rows = transaction.execute(last).all()
    is_fact = events.c.from_state.is_distinct_from(events.c.to_state)  # else what happened at the state, as damage
    for state, following in went_on.items():
        moved = {photo_id for photo_id, to_state in rows if to_state in following}
        is_moved = and_(events.c.photo_id.in_(moved), events.c.to_state == state.value, is_fact)
        came_s = select(func.max(events.c.at_s)).where(is_moved)
        if moved and (at_s := transaction.scalar(came_s)) is not None:
            found[state] = at_s
    return found


def downstream(transaction: ReadTransaction, query: RoomQuery) -> Downstream:
    """Return the photos downstream that take a place.

    None does that stands still, because a person, a disk or the calendar ends its wait. A late one takes no place once
    another that came to its state later has gone on: then it is stuck, and not the service.
    """
    moved_s = {f"moved_{state.value}_s": query.moved_s.get(state, 0.0) for state in _PASSABLE}
    values = {
        "states": [state.value for state in query.states],
        "uncounted_folders": list(query.uncounted_folders),
        "now_s": query.now_s,
        "late_before_s": query.now_s - query.late_after_s,
        **moved_s,
    }
    return Downstream(*transaction.execute(_DOWNSTREAM, values).one())
