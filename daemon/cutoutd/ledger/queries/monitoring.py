"""The queries of monitoring and of the forecast.

Small indexes answer all of them but ``longest_unmoved_s``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select

from cutoutd.core.photo import TERMINAL, UNTIMED, State, Wait, WaitKind
from cutoutd.ledger.schema.tables import IS_DELAYED, IS_SHOWN, photos, waits_as
from cutoutd.ledger.sqlite.transactions import ReadTransaction


def published_since(transaction: ReadTransaction, since_s: float) -> tuple[int, float | None]:
    """Return the number of photos published after this Unix time, and the time of the first; None: there are none."""
    lately = select(func.count(), func.min(photos.c.state_at_s)).where(IS_SHOWN, photos.c.state_at_s > since_s)
    number, first_at_s = transaction.execute(lately).one()
    return number, first_at_s


def unavailable_count(transaction: ReadTransaction) -> int:
    """Return the number of unavailable photos."""
    return _number(transaction, waits_as(WaitKind.UNAVAILABLE))


@dataclass(frozen=True, slots=True)
class WaitGroup:
    """The delayed photos with one kind of wait."""

    kind: WaitKind
    photos: int
    until_s: float  #: Unix time at which the wait of the first of them ends
    reason: str  #: of the first of them, to show

    @property
    def has_end(self) -> bool:
        """True if time alone ends the wait."""
        return Wait(self.kind).has_end


def wait_groups(transaction: ReadTransaction) -> list[WaitGroup]:
    """Return the delayed photos by kind of wait; the oldest photo speaks for its kind."""
    query = select(photos.c.wait_kind, func.count(), func.min(photos.c.id)).where(IS_DELAYED)
    found = transaction.execute(query.group_by(photos.c.wait_kind).order_by(photos.c.wait_kind)).all()
    return [WaitGroup(WaitKind(kind), number, *_wait_of(transaction, first_id)) for kind, number, first_id in found]


def _wait_of(transaction: ReadTransaction, photo_id: int) -> tuple[float, str]:
    row = transaction.execute(select(photos.c.wait_until_s, photos.c.wait_reason).where(photos.c.id == photo_id)).one()
    return row.wait_until_s, row.wait_reason


def unknown_outcomes(transaction: ReadTransaction) -> int:
    """Return the number of photos with a launch of unknown outcome that is looked for."""
    is_open = and_(photos.c.unclear_since_s > 0, photos.c.state.concat("") == State.REMOVAL_INTENDED)
    return _number(transaction, is_open)


class WaitCause(StrEnum):
    """The causes of waiting, as the metrics name them."""

    APPROVAL = "approval"  #: unapproved
    LIMIT = "limit"  #: held
    SOURCE_AWAY = "source_away"  #: unavailable
    TWIN = "twin"  #: duplicate
    TROUBLE = "trouble"  #: anything else: network, Uploadcare, disks


_UNFINISHED = [state.value for state in State if state not in TERMINAL]

_CAUSES = {
    WaitKind.UNAPPROVED: WaitCause.APPROVAL,
    WaitKind.HELD: WaitCause.LIMIT,
    WaitKind.UNAVAILABLE: WaitCause.SOURCE_AWAY,
    WaitKind.DUPLICATE: WaitCause.TWIN,
}


def waiting_by_cause(transaction: ReadTransaction) -> Mapping[WaitCause, int]:
    """Return the number of delayed photos by cause."""
    numbers = dict.fromkeys(WaitCause, 0)
    query = select(photos.c.wait_kind, func.count()).where(IS_DELAYED).group_by(photos.c.wait_kind)
    for kind, number in transaction.execute(query):
        numbers[_CAUSES.get(WaitKind(kind), WaitCause.TROUBLE)] += number
    return numbers


def longest_unmoved_s(transaction: ReadTransaction) -> float | None:
    """Return the Unix time of the last fact of the unfinished photo that has not moved for longest.

    Held, unapproved and unavailable photos do not count, because other metrics show them. Do not ask it all the time:
    with half a million waiting photos it takes half a second.
    """
    moved_at_s: float | None = transaction.scalar(
        select(func.min(photos.c.state_at_s)).where(
            photos.c.state.in_(_UNFINISHED), photos.c.wait_kind.not_in(sorted(UNTIMED))
        )
    )
    return moved_at_s


def possible_double_charges(transaction: ReadTransaction) -> int:
    """Return the number of photos that were launched again after a launch with an unknown outcome."""
    return _number(transaction, and_(photos.c.has_lost_outcome.is_(True), photos.c.request_id.is_not(None)))


def last_published_s(transaction: ReadTransaction) -> float | None:
    """Return the Unix time of the last publication of a cutout that is still in use."""
    at_s: float | None = transaction.scalar(select(func.max(photos.c.state_at_s)).where(IS_SHOWN))
    return at_s


def _number(transaction: ReadTransaction, is_meant: ColumnElement[bool]) -> int:
    return transaction.scalar(select(func.count()).select_from(photos).where(is_meant)) or 0
