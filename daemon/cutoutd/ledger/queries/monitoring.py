"""What monitoring asks of the ledger beside its totals. All but ``longest_unmoved_s`` comes from small indices.

What a forecast asks: what was published lately, and what does not go on by itself. Small indices answer it.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select

from cutoutd.core.photo import TERMINAL, UNTIMED, State, WaitKind
from cutoutd.ledger.schema.tables import IS_DELAYED, IS_SHOWN, events, photos, waits_as
from cutoutd.ledger.sqlite.transactions import ReadTransaction


def published_since(connection: ReadTransaction, since_s: float) -> tuple[int, float | None]:
    """How many photos were published after this Unix time, and when the first of them was; None: none was."""
    lately = select(func.count(), func.min(photos.c.state_at_s)).where(IS_SHOWN, photos.c.state_at_s > since_s)
    number, first_at_s = connection.execute(lately).one()
    return number, first_at_s


def unavailable_count(connection: ReadTransaction) -> int:
    """How many photos wait for their source: a folder that stands by, mostly."""
    return _number(connection, waits_as(WaitKind.UNAVAILABLE))


class WaitCause(StrEnum):
    """Why a photo waits, roughly."""

    APPROVAL = "approval"  #: for a person, who is to agree to pay for many
    LIMIT = "limit"  #: for another day or month
    SOURCE_AWAY = "source_away"  #: for its folder, which stands by, or its file
    TWIN = "twin"  #: for the photo that pays for the same picture
    TROUBLE = "trouble"  #: for anything else: network, Uploadcare, disks


_UNFINISHED = [state.value for state in State if state not in TERMINAL]

_CAUSES = {
    WaitKind.UNAPPROVED: WaitCause.APPROVAL,
    WaitKind.HELD: WaitCause.LIMIT,
    WaitKind.UNAVAILABLE: WaitCause.SOURCE_AWAY,
    WaitKind.DUPLICATE: WaitCause.TWIN,
}


def waiting_by_cause(connection: ReadTransaction) -> Mapping[WaitCause, int]:
    """How many photos wait for what."""
    numbers = dict.fromkeys(WaitCause, 0)
    query = select(photos.c.wait_kind, func.count()).where(IS_DELAYED).group_by(photos.c.wait_kind)
    for kind, number in connection.execute(query):
        numbers[_CAUSES.get(WaitKind(kind), WaitCause.TROUBLE)] += number
    return numbers


def longest_unmoved_s(connection: ReadTransaction) -> float | None:
    """When the photo that is not finished and has stood still longest got its last fact, Unix time.

    Photos do not count that wait for a limit, for a person or for a folder that stands by: others tell of those.

    Takes half a second where half a million photos wait: not to be asked all the time.
    """
    moved_at_s: float | None = connection.scalar(
        select(func.min(photos.c.state_at_s)).where(
            photos.c.state.in_(_UNFINISHED), photos.c.wait_kind.not_in(sorted(UNTIMED))
        )
    )
    return moved_at_s


def possible_double_charges(connection: ReadTransaction) -> int:
    """How many photos were launched again after a launch whose outcome was never found."""
    return _number(connection, and_(photos.c.has_lost_outcome.is_(True), photos.c.request_id.is_not(None)))


def last_published_s(connection: ReadTransaction) -> float | None:
    """When a cutout was last published, Unix time. May look through all that happened: to be asked once."""
    published = select(events.c.at_s).where(events.c.to_state == State.PUBLISHED)
    at_s: float | None = connection.scalar(published.order_by(events.c.id.desc()).limit(1))
    return at_s


def _number(connection: ReadTransaction, is_meant: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(photos).where(is_meant)) or 0
