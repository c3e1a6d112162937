"""Photos as people name them: of each path the newest version, a superseded one only for want of others.

Each question is one read in a transaction that the caller opened.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Select, func, select

from cutoutd.addresses import Address
from cutoutd.ledger.records import photo_from
from cutoutd.ledger.schema import photos
from cutoutd.photo import Photo, State

#: Databases bound how many values one question may have.
_NUMBERS_AT_ONCE = 1_000


def named(connection: Connection, addresses: Collection[Address]) -> list[Photo]:
    """The photos at the first of these addresses that is a photo's path; of several folders if it names none."""
    for address in addresses:
        rows = connection.execute(_at(address).order_by(photos.c.id)).mappings()
        versions = [photo_from(row) for row in rows]
        if versions:
            return _newest(versions)
    return []


def beneath(connection: Connection, addresses: Collection[Address], states: Collection[State]) -> list[Photo]:
    """The photos at these states below the first of these addresses that is a folder, or that they fit as a pattern."""
    for address in addresses:
        candidates = newest_at(connection, states, address.folder)
        if found := [photo for photo in candidates if address.has(photo.identity.path)]:
            return found
    return []


def numbered(connection: Connection, photo_ids: Sequence[int]) -> list[Photo]:
    """The photos of these numbers, whichever version, as far as there are such; the first found first."""
    found: list[Photo] = []
    for start in range(0, len(photo_ids), _NUMBERS_AT_ONCE):
        some = photo_ids[start : start + _NUMBERS_AT_ONCE]
        rows = connection.execute(select(photos).where(photos.c.id.in_(some))).mappings()
        found += [photo_from(row) for row in rows]
    return sorted(found, key=lambda photo: photo.id)


def newest_at(connection: Connection, states: Collection[State], folder: str | None = None) -> list[Photo]:
    """The photos whose newest version stands at one of these states, in one folder or in all."""
    counted = select(func.max(photos.c.id)).where(photos.c.state != State.SUPERSEDED)
    if folder is not None:
        counted = counted.where(photos.c.folder == folder)
    newest = photos.c.id.in_(counted.group_by(photos.c.folder, photos.c.path))
    rows = connection.execute(select(photos).where(photos.c.state.in_(states), newest).order_by(photos.c.id))
    return [photo_from(row) for row in rows.mappings()]


def _at(address: Address) -> Select[tuple[object, ...]]:
    query = select(photos).where(photos.c.path == address.path)
    return query if address.folder is None else query.where(photos.c.folder == address.folder)


def _newest(versions: list[Photo]) -> list[Photo]:
    """Of each folder the last version; ``versions`` come oldest first."""
    by_folder: dict[str, Photo] = {}
    for photo in versions:
        if photo.state is not State.SUPERSEDED or photo.identity.folder not in by_folder:
            by_folder[photo.identity.folder] = photo
    return list(by_folder.values())
