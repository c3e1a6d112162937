"""The lists of photos by state or by kind of waiting, oldest first, a page at a time.

Each folder and state is read on its own, and the parts are merged. The indexes then give every page at once, also of a
million photos.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, select

from cutoutd.core.photo import Photo, State, WaitKind
from cutoutd.ledger.queries.photos import totals
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import IS_DELAYED, photos, waits_as
from cutoutd.ledger.sqlite.transactions import ReadTransaction


def photos_at(
    transaction: ReadTransaction, states: Collection[State], folder: str | None, after_id: int, limit: int
) -> list[Photo]:
    """Return the photos at these states in one folder, or in all, after another photo."""
    parts = [
        and_(photos.c.state == total.state, photos.c.folder == total.folder)
        for total in totals(transaction)
        if total.state in states and folder in {None, total.folder}
    ]
    return _merged(transaction, parts, after_id, limit)


def photos_waiting(
    transaction: ReadTransaction, kinds: Collection[WaitKind], folder: str | None, after_id: int, limit: int
) -> list[Photo]:
    """Return the photos with these kinds of waiting in one folder, or in all, after another photo."""
    found = transaction.execute(select(photos.c.wait_kind, photos.c.folder).where(IS_DELAYED).distinct())
    parts = [
        and_(waits_as(WaitKind(kind)), photos.c.folder == name)
        for kind, name in found
        if WaitKind(kind) in kinds and folder in {None, name}
    ]
    return _merged(transaction, parts, after_id, limit)


def first_waiting(transaction: ReadTransaction, kind: WaitKind) -> list[Photo]:
    """Return the first photo of each folder with this kind of waiting."""
    folders = transaction.scalars(select(photos.c.folder).where(waits_as(kind)).distinct()).all()
    return [photo for folder in folders for photo in photos_waiting(transaction, {kind}, folder, 0, 1)]


def _merged(
    transaction: ReadTransaction, parts: Iterable[ColumnElement[bool]], after_id: int, limit: int
) -> list[Photo]:
    found: list[Photo] = []
    for part in parts:
        query = select(photos).where(part, photos.c.id > after_id).order_by(photos.c.id).limit(limit)
        found += [photo_from(row) for row in transaction.execute(query)]
    return sorted(found, key=lambda photo: photo.id)[:limit]
