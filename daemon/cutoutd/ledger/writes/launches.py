"""Launches as money: reserved with their intent, returned after a definite no, and counted by day and month.

A launch with an unclear outcome counts. Its day is the local calendar day, but never before the day of the last launch.
Else a clock that was set back would open a new allowance. A day further ahead than tomorrow is no such bound:
see ``core.photo.longest_lead``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Text, and_, bindparam, case, func, insert, not_, or_, select, update

from cutoutd.core.photo import (
    EarlierRunNoticed,
    Fact,
    LaunchNotMade,
    LaunchPrevented,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    ResultFromWebhook,
    ResultLost,
    State,
    WaitKind,
)
from cutoutd.core.photo.longest_lead import day_to_count_for, last_day, local_day
from cutoutd.ledger.schema.tables import launches, photos
from cutoutd.ledger.sqlite.transactions import Prepared, ReadTransaction, WriteTransaction

#: The text for a launch that was refused because an earlier, unknown one runs.
_LOCKED = "Uploadcare said that a removal of this upload is running already (409)"

#: More launches than any account makes in a minute.
_MOST_RECENT = 2000


@dataclass(frozen=True, slots=True)
class LaunchCounts:
    """The numbers of launches that count, and of photos that will be launched."""

    day: date  #: the day for which the next launch counts
    today: int
    this_month: int
    ahead: int  #: photos that are uploaded, or about to be, and will be launched
    held: int = 0  #: those of them that a limit holds


# Built once, because every launch needs them.
_LAST_DAY = select(func.max(launches.c.day))
_TODAY = bindparam("today", type_=Text())
_LAST_ALLOWED = bindparam("last_allowed", type_=Text())
_NEWEST = func.max(launches.c.day)
_IS_LATER = and_(_NEWEST > _TODAY, _NEWEST <= _LAST_ALLOWED)
_DAY = select(case((_IS_LATER, _NEWEST), else_=_TODAY)).scalar_subquery()
_INSERT_LAUNCH = Prepared(
    insert(launches).values(
        day=_DAY,
        photo_id=bindparam("photo_id"),
        at_s=bindparam("at_s"),
        source_uuid=bindparam("source_uuid"),
        is_returned=False,
    )
)
_OF_UPLOAD = launches.c.source_uuid == bindparam("of_upload")
_LAST_WITHOUT_ANSWER = select(func.max(launches.c.id)).where(_OF_UPLOAD, launches.c.lost_because.is_not(None))
_COUNTED = launches.alias("counted")
_HAS_COUNTED = (
    select(_COUNTED.c.id)
    .where(_COUNTED.c.source_uuid == bindparam("of_upload"), _COUNTED.c.is_returned.is_(False))
    .exists()
)
_COUNT_AFTER_ALL = Prepared(
    update(launches)
    .where(launches.c.id == _LAST_WITHOUT_ANSWER.scalar_subquery(), not_(_HAS_COUNTED))
    .values(is_returned=False)
)
_IS_COUNTED = and_(launches.c.day >= bindparam("first"), launches.c.is_returned.is_(False))
_NUMBER_SINCE = select(func.count()).select_from(launches).where(_IS_COUNTED)
_IS_SENT = and_(photos.c.state == State.ACCEPTED, photos.c.id.in_(bindparam("sending", expanding=True)))
# What waits for a person, a disk or another photo may wait for ever. It must not keep an allowance from others.
_CLAIM_NONE = [WaitKind.UNAPPROVED, WaitKind.UNAVAILABLE, WaitKind.PLACE, WaitKind.DUPLICATE]
_IS_NEXT = and_(photos.c.state == State.UPLOADED, photos.c.wait_kind.not_in([kind.value for kind in _CLAIM_NONE]))
_AHEAD = select(func.count(), func.count().filter(photos.c.wait_kind == WaitKind.HELD.value)).where(
    or_(_IS_NEXT, _IS_SENT), photos.c.folder.not_in(bindparam("closed_folders", expanding=True))
)


def launch_counts(
    transaction: ReadTransaction, at_s: float, sending: Collection[int] = (), closed_folders: Collection[str] = ()
) -> LaunchCounts:
    """Return the numbers at this Unix time; ``sending`` are the photos that are being uploaded.

    Photos of ``closed_folders`` cannot be launched now, so they claim no launch.
    """
    day = _day(transaction, at_s)
    values = {"sending": list(sending), "closed_folders": list(closed_folders)}
    ahead, held = transaction.execute(_AHEAD, values).one()
    return LaunchCounts(day, _count_since(transaction, day), _count_since(transaction, day.replace(day=1)), ahead, held)


def since(transaction: ReadTransaction, at_s: float) -> list[float]:
    """Return the Unix times of the launches since this moment that count."""
    recent = select(launches.c.at_s).where(launches.c.is_returned.is_(False)).order_by(launches.c.id.desc())
    return [made_at_s for made_at_s in transaction.scalars(recent.limit(_MOST_RECENT)) if made_at_s >= at_s]


def update_launch(transaction: WriteTransaction, photo: Photo, fact: Fact, at_s: float) -> None:
    """Update the photo's last launch by a fact."""
    if isinstance(fact, RemovalIntended):
        reserve(transaction, photo.id, at_s, source_uuid=photo.upload.source_uuid)
    elif outcome := _outcome(photo, fact):
        transaction.run(_update_last(tuple(outcome)), {**outcome, "of_photo": photo.id})


@cache
def _update_last(columns: tuple[str, ...]) -> Prepared:
    is_open = and_(launches.c.photo_id == bindparam("of_photo"), launches.c.is_returned.is_(False))
    last = select(func.max(launches.c.id)).where(is_open).scalar_subquery()
    return Prepared(update(launches).where(launches.c.id == last).values({name: bindparam(name) for name in columns}))


def count_after_all(transaction: WriteTransaction, source_uuid: str) -> bool:
    """Count a launch that counted as not made, because a result of its upload proves that it was made.

    Return False if the upload has a launch that counts, or none without an answer: then nothing is to be corrected.
    """
    return transaction.run(_COUNT_AFTER_ALL, {"of_upload": source_uuid}).rowcount == 1


def reserve(transaction: WriteTransaction, photo_id: int, at_s: float, *, source_uuid: str | None = None) -> None:
    """Store a launch that is about to be made, so that it counts."""
    days = {"today": local_day(at_s).isoformat(), "last_allowed": last_day(at_s).isoformat()}
    transaction.run(_INSERT_LAUNCH, {"photo_id": photo_id, "at_s": at_s, "source_uuid": source_uuid, **days})


def _outcome(photo: Photo, fact: Fact) -> dict[str, str | bool]:
    """Return the columns of the photo's last launch that a fact brings; mostly none."""
    outcome: dict[str, str | bool] = {}
    match fact:
        case LaunchRefused() | LaunchNotMade() | LaunchPrevented():
            outcome["is_returned"] = True
        case RemovalLocked() | EarlierRunNoticed() if photo.launch.unclear_since_s is not None:
            outcome["is_returned"] = True  # because the call that was accepted was stored when it was made
        case RemovalLocked():
            outcome["lost_because"] = _LOCKED
        case RemovalStarted():
            outcome["request_id"] = fact.request_id
        case LaunchResponseLost() | EarlierRunNoticed():
            outcome["lost_because"] = fact.lost_because
        case ResultLost():
            outcome["lost_because"] = (
                f"answered as request {photo.launch.request_id}, and what it made was gone after a day"
            )
        case ResultFound() | ResultFromWebhook():
            outcome["found_uuid"] = fact.result_uuid
    return outcome


def _day(transaction: ReadTransaction, at_s: float) -> date:
    last = transaction.scalar(_LAST_DAY)
    return day_to_count_for(date.fromisoformat(last) if last else None, at_s)


def _count_since(transaction: ReadTransaction, first: date) -> int:
    return transaction.scalar(_NUMBER_SINCE, {"first": first.isoformat()}) or 0
