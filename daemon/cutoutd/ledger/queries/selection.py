"""Photos as people name them: of each path the newest version, a superseded one only for want of others.

Each question is one read in a transaction that the caller opened. Those that may be answered with all photos there are
answer with their numbers: as values, a million photos take 2 GB.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Select, func, select

from cutoutd.core.photo import Photo, State
from cutoutd.core.photo_selector import PhotoSelector
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

#: Photos that are in memory together; databases also bound how many values one question may have.
PHOTOS_PER_PAGE = 1_000


def photos_named(connection: ReadTransaction, addresses: Collection[PhotoSelector]) -> list[Photo]:
    """The photos at the first of these addresses that is a photo's path; of several folders if it names none."""
    for address in addresses:
        rows = connection.execute(_at(address).order_by(photos.c.id))
        versions = [photo_from(row) for row in rows]
        if versions:
            return _newest(versions)
    return []


def photo_ids_beneath(
    connection: ReadTransaction, addresses: Collection[PhotoSelector], states: Collection[State]
) -> list[int]:
    """The photos at these states below the first of these addresses that is a folder, or that they fit as a pattern."""
    for address in addresses:
        rows = connection.execute(_newest_at(states, address.folder, photos.c.id, photos.c.path))
        if found := [number for number, path in rows if address.matches(path)]:
            return found
    return []


def newest_photo_ids(connection: ReadTransaction, states: Collection[State], folder: str | None = None) -> list[int]:
    """The photos whose newest version stands at one of these states, in one folder or in all, oldest first."""
    return list(connection.scalars(_newest_at(states, folder, photos.c.id)))


def pages(numbers: Sequence[int], size: int = PHOTOS_PER_PAGE) -> Iterator[Sequence[int]]:
    """Numbers, as many at a time as ``numbered`` is to be asked for."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def photos_with_ids(connection: ReadTransaction, page: Sequence[int]) -> list[Photo]:
    """The photos of these numbers, whichever version, as far as there are such; the first found first."""
    rows = connection.execute(select(photos).where(photos.c.id.in_(page)).order_by(photos.c.id))
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
    """Of each folder the last version; ``versions`` come oldest first."""
    by_folder: dict[str, Photo] = {}
    for photo in versions:
        if photo.state is not State.SUPERSEDED or photo.identity.folder not in by_folder:
            by_folder[photo.identity.folder] = photo
    return list(by_folder.values())
