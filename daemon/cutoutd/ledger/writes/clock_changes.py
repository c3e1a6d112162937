"""Stored times after the clock was set, because they are Unix times and people set clocks.

A clock that was set back puts earlier times into the future. Such waits end at once, which costs one early step, and
such searches begin now. A clock that was set forward ends waits early, which does no harm. It must not end a search
for a lost launch early, because then the photo is paid for again.
"""

from sqlalchemy import ColumnElement, and_, func, select, update

from cutoutd.core.photo import TERMINAL, UNTIMED, State
from cutoutd.ledger.schema.tables import events, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction

_SEARCHES = (photos.c.unclear_since_s, photos.c.locked_since_s)

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
        return 0
    for since_s in _SEARCHES:
        transaction.execute(update(photos).where(since_s > now_s).values({since_s: now_s}))
    is_running = photos.c.state == State.REMOVAL_STARTED
    transaction.execute(update(photos).where(is_running, photos.c.state_at_s > now_s).values(state_at_s=now_s))
    return transaction.execute(update(photos).where(_is_wait_from(now_s)).values(wait_until_s=0.0)).rowcount


def ahead_s(transaction: ReadTransaction, now_s: float) -> float:
    """Return by how much the newest fact is in the future; at most 0 unless the clock was set back."""
    newest = select(events.c.at_s).order_by(events.c.id.desc()).limit(_NEWEST_FACTS).subquery()
    newest_s = transaction.scalar(select(func.max(newest.c.at_s)))
    return (newest_s or now_s) - now_s


def _is_wait_from(now_s: float) -> ColumnElement[bool]:
    # With the states, because the index of the waits begins with them.
    is_unfinished = photos.c.state.in_([state.value for state in State if state not in TERMINAL])
    return and_(is_unfinished, photos.c.wait_until_s > now_s, photos.c.wait_set_at_s > now_s, ~_IS_DECIDED)
