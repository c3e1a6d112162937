"""The queries of ``cutoutd report``: published and failed photos of a period, launches and operations.

A photo belongs to the time of its last fact. A rejected or failed photo is left out if its path has a later version,
because that version counts. Rows are yielded as they are read, so that a hundred thousand photos need no memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, func, select, true

from cutoutd.core.photo import Photo
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger.queries.failures import IS_LAST_WORD
from cutoutd.ledger.queries.lost_launches import paid_again
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import IS_SHOWN, IS_TROUBLED, launches, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction
from cutoutd.ledger.writes import usage

_ROWS_AT_ONCE = 500
_MOST_PAID_AGAIN = 1000


@dataclass(frozen=True, slots=True)
class ReportRange:
    """A period of whole local days, both included, and one folder or all."""

    from_s: float  #: Unix time
    to_s: float  #: Unix time, not included
    first: date
    last: date
    folder: str | None = None  #: None: of every folder


@dataclass(frozen=True, slots=True)
class PublishedCount:
    """The numbers of a folder's published photos."""

    photos: int
    reused: int  #: the number of those that cost no removal


def published(transaction: ReadTransaction, stretch: ReportRange) -> Mapping[str, PublishedCount]:
    """Return the number of published photos by folder."""
    is_reused = case((photos.c.reused_from.is_not(None), 1), else_=0)
    query = select(photos.c.folder, func.count(), func.sum(is_reused)).where(IS_SHOWN, _is_in(stretch))
    rows = transaction.execute(query.group_by(photos.c.folder))
    return {folder: PublishedCount(number, int(reused)) for folder, number, reused in rows}


def each_published(transaction: ReadTransaction, stretch: ReportRange) -> Iterator[Photo]:
    """Yield the published photos, newest first."""
    query = select(photos).where(IS_SHOWN, _is_in(stretch))
    return _each(transaction, query.order_by(photos.c.state_at_s.desc(), photos.c.id.desc()))


def each_troubled(transaction: ReadTransaction, stretch: ReportRange) -> Iterator[Photo]:
    """Yield the rejected and failed photos by reason, and the newest first for each reason."""
    query = select(photos).where(IS_TROUBLED, IS_LAST_WORD, _is_in(stretch))
    return _each(transaction, query.order_by(photos.c.code, photos.c.state_at_s.desc(), photos.c.id.desc()))


def launched(transaction: ReadTransaction, stretch: ReportRange) -> Mapping[str, int]:
    """Return the number of launches that count, by folder."""
    days = launches.c.day.between(stretch.first.isoformat(), stretch.last.isoformat())
    query = select(photos.c.folder, func.count()).join_from(launches, photos)
    rows = transaction.execute(
        query.where(days, launches.c.is_returned.is_(False), _is_of(stretch)).group_by(photos.c.folder)
    )
    return {row[0]: row[1] for row in rows}


def operations(transaction: ReadTransaction, stretch: ReportRange) -> Mapping[Purpose, int]:
    """Return the billed operations besides removals; they are counted for all folders together."""
    return usage.between(transaction, stretch.first, stretch.last)


def possibly_paid_twice(transaction: ReadTransaction, stretch: ReportRange) -> list[Photo]:
    """Return the photos that were launched again after a launch without a known outcome."""
    return [
        photo
        for photo in paid_again(transaction, _MOST_PAID_AGAIN)
        if stretch.from_s <= photo.state_at_s < stretch.to_s and stretch.folder in {None, photo.identity.folder}
    ]


def _is_in(stretch: ReportRange) -> ColumnElement[bool]:
    moment = photos.c.state_at_s
    return and_(moment >= stretch.from_s, moment < stretch.to_s, _is_of(stretch))


def _is_of(stretch: ReportRange) -> ColumnElement[bool]:
    # concat, else the planner goes by the folder and has to sort all of its photos.
    return true() if stretch.folder is None else photos.c.folder.concat("") == stretch.folder


def _each(transaction: ReadTransaction, query: Select[tuple[object, ...]]) -> Iterator[Photo]:
    for row in transaction.stream(query, _ROWS_AT_ONCE):
        yield photo_from(row)
