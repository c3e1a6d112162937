"""Stored times after the clock was set, because they are Unix times and people set clocks.

A clock that was set back puts earlier times into the future. Such waits end at once, which costs one early step, and
such searches begin now. A clock that was set forward ends waits early, which does no harm. It must not end a search
for a lost launch early, because then the photo is paid for again. Nor may it make a running removal seem overdue.
"""

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from cutoutd.core.photo import TERMINAL, UNTIMED, State, WaitKind
from cutoutd.core.photo.longest_lead import (
    NOTABLE_S,
    REMEMBERED_LEADS_S,
    last_day,
    local_day,
    longest_wait_s,
    pulled_back,
)
from cutoutd.ledger.schema.tables import (
    announcements,
    events,
    launches,
    memory,
    migrations,
    operations,
    photos,
    remote_files,
)
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction

_SEARCHES = (photos.c.unclear_since_s, photos.c.locked_since_s)

#: The times of what has happened, which is never ahead.
HAPPENED = (
    photos.c.state_at_s,
    photos.c.wait_set_at_s,
    photos.c.approved_at_s,
    photos.c.unclear_since_s,
    photos.c.locked_since_s,
    photos.c.noticed_at_s,
    photos.c.reprocess_started_s,
    photos.c.source_missing_since_s,
    photos.c.touched_at_s,
    events.c.at_s,
    launches.c.at_s,
    announcements.c.at_s,
    remote_files.c.since_s,
    memory.c.at_s,
    migrations.c.at_s,
)

_IS_RUNNING = photos.c.state == State.REMOVAL_STARTED
_IS_UNDER_WAY = photos.c.state.in_([state.value for state in State if state not in TERMINAL])

#: The facts before a start that show the clock of the last run.
_NEWEST_FACTS = 1000

#: The waits that a person, a disk or the calendar ends, whatever the clock says.
_IS_DECIDED = photos.c.wait_kind.in_(sorted(UNTIMED))


def shift_times(transaction: WriteTransaction, clock_step_s: float, now_s: float) -> int:
    """Correct the times stored before the clock was set, forward if positive; return how many waits ended."""
    if clock_step_s > 0:
        for since_s in _SEARCHES:  # later searches began after the clock was set
            is_older = since_s < now_s - clock_step_s
            transaction.execute(update(photos).where(is_older).values({since_s: since_s + clock_step_s}))
        return _make_younger(transaction, clock_step_s, now_s)
    for since_s in _SEARCHES:
        transaction.execute(update(photos).where(since_s > now_s).values({since_s: now_s}))
    transaction.execute(update(photos).where(_IS_RUNNING, photos.c.state_at_s > now_s).values(state_at_s=now_s))
    return transaction.execute(update(photos).where(_is_wait_from(now_s)).values(wait_until_s=0.0)).rowcount


def _make_younger(transaction: WriteTransaction, clock_step_s: float, now_s: float) -> int:
    """Give running removals the age that they have, else each counts as overdue and is rarely polled.

    A poll between the step and its discovery has set such a rare wait; it ends. Return how many did.
    """
    is_older = and_(_IS_RUNNING, photos.c.state_at_s < now_s - clock_step_s)
    is_wait_ahead = and_(photos.c.wait_kind == WaitKind.POLL.value, photos.c.wait_until_s > now_s)
    ended = transaction.execute(update(photos).where(is_older, is_wait_ahead).values(wait_until_s=now_s)).rowcount
    younger = update(photos).where(is_older).values(state_at_s=photos.c.state_at_s + clock_step_s)
    transaction.execute(younger)
    return ended


def pull_back_waits(transaction: WriteTransaction, now_s: float) -> int:
    """Shorten every wait that ends later than its kind allows; return how many there were."""
    shortened = 0
    for kind in WaitKind:
        if (lead_s := longest_wait_s(kind)) is not None:
            is_late = and_(_IS_UNDER_WAY, photos.c.wait_kind == kind.value, photos.c.wait_until_s > now_s + lead_s)
            # To the present, because one early step costs nothing.
            shortened += transaction.execute(update(photos).where(is_late).values(wait_until_s=now_s)).rowcount
    return shortened


def pull_back_memory(transaction: WriteTransaction, now_s: float) -> None:
    """Pull back the times in remembered values; there are few, so that every start looks at all of them."""
    timed = [key for key, leads_s in REMEMBERED_LEADS_S.items() if leads_s]
    for key, value in transaction.execute(select(memory.c.key, memory.c.value).where(memory.c.key.in_(timed))).all():
        if (bounded := pulled_back(key, value, now_s)) != value:
            transaction.execute(update(memory).where(memory.c.key == key).values(value=bounded))


def pull_back_at_start(transaction: WriteTransaction, now_s: float) -> int:
    """Pull back what no fact tells about: waits and remembered values; return the number of waits."""
    pull_back_memory(transaction, now_s)
    return pull_back_waits(transaction, now_s)


def pull_back_all(transaction: WriteTransaction, now_s: float) -> int:
    """Pull back every stored time that is further ahead than its kind allows; return the number of waits among them.

    It reads whole tables, so it is for a clock that was set back.
    """
    latest_s = now_s + NOTABLE_S
    for column in HAPPENED:
        transaction.execute(update(column.table).where(column > latest_s).values({column: now_s}))
    today, last = local_day(now_s).isoformat(), last_day(now_s).isoformat()
    transaction.execute(update(launches).where(launches.c.day > last).values(day=today))
    for day, purpose, number in transaction.execute(select(operations).where(operations.c.day > last)).all():
        is_row = and_(operations.c.day == day, operations.c.purpose == purpose)
        transaction.execute(delete(operations).where(is_row))
        is_todays = and_(operations.c.day == today, operations.c.purpose == purpose)
        added = update(operations).where(is_todays).values(number=operations.c.number + number)
        if not transaction.execute(added).rowcount:
            transaction.execute(insert(operations).values(day=today, purpose=purpose, number=number))
    return pull_back_at_start(transaction, now_s)


def ahead_s(transaction: ReadTransaction, now_s: float) -> float:
    """Return by how much the newest fact is in the future; at most 0 unless the clock was set back."""
    newest = select(events.c.at_s).order_by(events.c.id.desc()).limit(_NEWEST_FACTS).subquery()
    newest_s = transaction.scalar(select(func.max(newest.c.at_s)))
    return (newest_s or now_s) - now_s


def _is_wait_from(now_s: float) -> ColumnElement[bool]:
    # With the states, because the index of the waits begins with them.
    return and_(_IS_UNDER_WAY, photos.c.wait_until_s > now_s, photos.c.wait_set_at_s > now_s, ~_IS_DECIDED)
