"""What a clock that was set does to times in the ledger: moments are Unix time, and people set clocks.

A clock set back puts what was stored before it into the future. Such waits end at once (what they waited for is asked
for once too early), and such searches begin now. A clock set forward ends waits early, which does no harm either; but
the search for a lost launch must not count time that never passed, since at its end a photo is paid for again.
"""

from sqlalchemy import ColumnElement, and_, func, select, update

from cutoutd.core.photo import UNTIMED, State
from cutoutd.ledger.schema.tables import events, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction

_SEARCHES = (photos.c.unclear_since_s, photos.c.locked_since_s)

#: Waits that no time ends, or the calendar does: they are somebody's decision, whatever the clock says.
_IS_DECIDED = photos.c.wait_kind.in_(sorted(UNTIMED))


def shift_times(connection: WriteTransaction, clock_step_s: float, now_s: float) -> int:
    """Correct what was stored before the clock was set, forward if positive; how many waits ended."""
    if clock_step_s > 0:
        for since_s in _SEARCHES:  # those begun since then are nearer than that
            is_older = since_s < now_s - clock_step_s
            connection.execute(update(photos).where(is_older).values({since_s: since_s + clock_step_s}))
        return 0
    for since_s in _SEARCHES:
        connection.execute(update(photos).where(since_s > now_s).values({since_s: now_s}))
    is_running = photos.c.state == State.REMOVAL_STARTED
    connection.execute(update(photos).where(is_running, photos.c.state_at_s > now_s).values(state_at_s=now_s))
    return connection.execute(update(photos).where(_is_wait_from(now_s)).values(wait_until_s=0.0)).rowcount


def ahead_s(connection: ReadTransaction, now_s: float) -> float:
    """How far the newest fact is in the future; at most 0 when the clock was not set back."""
    newest_s = connection.scalar(select(func.max(events.c.at_s)))
    return (newest_s or now_s) - now_s


def _is_wait_from(now_s: float) -> ColumnElement[bool]:
    return and_(photos.c.wait_set_at_s > now_s, photos.c.wait_until_s > now_s, ~_IS_DECIDED)
