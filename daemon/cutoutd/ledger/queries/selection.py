"""Photos by the names that people type: the newest version of each path, a superseded one only if there is no other.

Queries that may return all photos return their ids, because a million photos as values take 2 GB.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Select, func, select

from cutoutd.core.photo import Photo, State
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

#: The photos in memory at once. Databases also limit the number of values in one query.
PHOTOS_PER_PAGE = 1_000


def photos_named(transaction: ReadTransaction, addresses: Collection[PhotoSelector]) -> list[Photo]:
    """Return the photos at the first selector that is a photo's path; in several folders if it names none."""
    for address in addresses:
        rows = transaction.execute(_at(address).order_by(photos.c.id))
        versions = [photo_from(row) for row in rows]
        if versions:
            return _newest(versions)
    return []


def photo_ids_beneath(
    transaction: ReadTransaction, addresses: Collection[PhotoSelector], states: Collection[State]
) -> list[int]:
    """Return the photos at these states below, or matching, the first selector that finds any."""
    for address in addresses:
        rows = transaction.execute(_newest_at(states, address.folder, photos.c.id, photos.c.path))
        if found := [number for number, path in rows if address.matches(path)]:
            return found
    return []


def newest_photo_ids(transaction: ReadTransaction, states: Collection[State], folder: str | None = None) -> list[int]:
    """Return the photos with their newest version at one of these states, in one folder or in all, oldest first."""
    return list(transaction.scalars(_newest_at(states, folder, photos.c.id)))


def pages(numbers: Sequence[int], size: int = PHOTOS_PER_PAGE) -> Iterator[Sequence[int]]:
    """Split ids into pages for ``photos_with_ids``."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def photos_with_ids(transaction: ReadTransaction, page: Sequence[int]) -> list[Photo]:
    """Return the photos with these ids that exist, of any version, in the order of their ids."""
    rows = transaction.execute(select(photos).where(photos.c.id.in_(page)).order_by(photos.c.id))
    return [photo_from(row) for row in rows]


def _newest_at(states: Collection[State], folder: str | None, *columns: Column[Any]) -> Select[Any]:
    counted = select(func.max(photos.c.id)).where(photos.c.state != State.SUPERSEDED)
    if folder is not None:
        counted = counted.where(photos.c.folder == folder)
    newest = photos.c.id.in_(counted.group_by(photos.c.folder, photos.c.path))
    return select(*columns).where(photos.c.state.in_(states), newest).order_by(photos.c.id)


def _at(address: PhotoSelector) -> Select[tuple[object, ...]]:
    query = select(photos).where(photos.c.path == address.path)
    return query if address.folder is None else query.where(photos.c.folder == address.folder)


def _newest(versions: list[Photo]) -> list[Photo]:
    """Return the last version of each folder; ``versions`` come oldest first."""
    by_folder: dict[str, Photo] = {}
    for photo in versions:
        if photo.state is not State.SUPERSEDED or photo.identity.folder not in by_folder:
            by_folder[photo.identity.folder] = photo
    return list(by_folder.values())
