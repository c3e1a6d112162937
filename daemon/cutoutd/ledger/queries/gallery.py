"""The queries of the gallery: published photos, newest first, by folder and by name, a page at a time.

The index ``gallery`` holds every column that is sorted and searched by. Therefore a page of a million photos takes no
longer than one of a hundred. A search without a hit reads the index once: a third of a second for a million photos.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, not_, select, tuple_

from cutoutd.core.photo import Photo, State
from cutoutd.ledger.schema.rows import Event, event_from, photo_from
from cutoutd.ledger.schema.tables import IS_SHOWN, events, photos
from cutoutd.ledger.sqlite.database import contains
from cutoutd.ledger.sqlite.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class GalleryFilter:
    """A choice of published photos."""

    folder: str | None = None  #: None: of every folder
    name: str = ""  #: part of the path, whatever the case; empty: every one


@dataclass(frozen=True, slots=True)
class PagePosition:
    """A position in the gallery, between this photo and the next."""

    at_s: float  #: Unix time of its publication
    photo_id: int


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """One page of the gallery."""

    photos: tuple[Photo, ...]
    older: PagePosition | None  #: None: there are none
    newer: PagePosition | None


_NEWEST_FIRST = (photos.c.state_at_s.desc(), photos.c.id.desc())
_OLDEST_FIRST = (photos.c.state_at_s, photos.c.id)
_PLACE = tuple_(photos.c.state_at_s, photos.c.id)


def gallery_page(
    transaction: ReadTransaction, wanted: GalleryFilter, limit: int, before: PagePosition | None = None
) -> GalleryPage:
    """Return the newest photos, or those after a position."""
    query = _shown(wanted).order_by(*_NEWEST_FIRST)
    if before is not None:
        query = query.where((before.at_s, before.photo_id) > _PLACE)
    found = _photos(transaction, query.limit(limit + 1))
    shown = found[:limit]
    older = _mark(shown[-1]) if len(found) > limit else None
    newer = _mark(shown[0]) if shown and before is not None else None
    return GalleryPage(tuple(shown), older, newer)


def gallery_page_after(
    transaction: ReadTransaction, wanted: GalleryFilter, limit: int, after: PagePosition
) -> GalleryPage:
    """Return the photos just newer than a position, or the newest page if they do not fill one."""
    query = _shown(wanted).order_by(*_OLDEST_FIRST).where((after.at_s, after.photo_id) < _PLACE)
    found = _photos(transaction, query.limit(limit + 1))
    if len(found) <= limit:
        return gallery_page(transaction, wanted, limit)
    shown = found[:limit][::-1]
    return GalleryPage(tuple(shown), _mark(shown[-1]), _mark(shown[0]))


def facts_of(transaction: ReadTransaction, photo_id: int) -> list[Event]:
    """Return the facts of one photo, oldest first."""
    query = select(events, photos.c.folder, photos.c.path).join_from(events, photos)
    rows = transaction.execute(query.where(events.c.photo_id == photo_id).order_by(events.c.id))
    return [event_from(row) for row in rows]


def other_versions_of(transaction: ReadTransaction, photo: Photo, limit: int) -> list[Photo]:
    """Return the other versions of the photo's path in its folder, newest first."""
    is_other = (photos.c.path == photo.identity.path) & (photos.c.folder == photo.identity.folder)
    query = select(photos).where(is_other, photos.c.id != photo.id).order_by(photos.c.id.desc())
    return _photos(transaction, query.limit(limit))


def has_no_newer(*, states: frozenset[State]) -> ColumnElement[bool]:
    """Return the condition that no later version of the photo's path is at one of these states."""
    later = photos.alias("later")
    return not_(
        exists().where(
            later.c.path == photos.c.path,
            later.c.folder == photos.c.folder,
            later.c.id > photos.c.id,
            later.c.state.concat("").in_(states),  # concat, else the planner scans ``totals``
        )
    )


def _shown(wanted: GalleryFilter) -> Select[tuple[object, ...]]:
    """Return the query without earlier versions, because a path's later cutout replaced theirs."""
    query = select(photos).where(IS_SHOWN, has_no_newer(states=frozenset({State.PUBLISHED})))
    if wanted.folder is not None:
        query = query.where(photos.c.folder == wanted.folder)
    return query.where(contains(photos.c.path, wanted.name)) if wanted.name else query


def _photos(transaction: ReadTransaction, query: Select[tuple[object, ...]]) -> list[Photo]:
    return [photo_from(row) for row in transaction.execute(query)]


def _mark(photo: Photo) -> PagePosition:
    return PagePosition(photo.state_at_s, photo.id)
