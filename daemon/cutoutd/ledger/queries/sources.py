"""What can be asked of the ledger about the photos' own files: which are needed, which were taken, which are missed."""

from collections.abc import Collection

from sqlalchemy import and_, bindparam, or_, select

from cutoutd.core.photo import UNPAID, Photo, State, Version
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

# Built once: each folder asks them every few seconds, whether it is still what it was.
_TAKEN = select(photos.c.path, photos.c.size_bytes, photos.c.mtime_ns, photos.c.inode).where(
    photos.c.folder == bindparam("folder"),
    photos.c.path.in_(bindparam("paths", expanding=True)),
    photos.c.source_result.is_not(None),
)
_UNPAID_OF = (
    select(photos)
    .where(
        photos.c.state.in_(UNPAID),
        photos.c.folder == bindparam("folder"),
        photos.c.input.in_(bindparam("inputs", expanding=True)),
    )
    .limit(bindparam("limit"))
)


def taken_of(connection: ReadTransaction, folder: str, paths: Collection[str]) -> set[Version]:
    """The versions of these paths that cutoutd itself moved away or deleted."""
    return {Version(*row) for row in connection.execute(_TAKEN, {"folder": folder, "paths": list(paths)})}


def unpaid_of(connection: ReadTransaction, folder: str, root: str, limit: int) -> list[Photo]:
    """Photos of a folder whose source is still needed, and was found in this input root."""
    rows = connection.execute(_UNPAID_OF, {"folder": folder, "inputs": ["", root], "limit": limit})
    return [photo_from(row) for row in rows]


def sources_due(connection: ReadTransaction, after_id: int, limit: int) -> list[Photo]:
    """Published photos whose source is still to be moved or deleted."""
    rows = connection.execute(
        select(photos)
        .where(photos.c.is_source_due.is_(True), photos.c.state == State.PUBLISHED, photos.c.id > after_id)
        .order_by(photos.c.id)
        .limit(limit)
    )
    return [photo_from(row) for row in rows]


def published_in(connection: ReadTransaction, folders: Collection[str], after_id: int, limit: int) -> list[Photo]:
    """Published photos of these folders whose source should be where it was, in the order they were found."""
    is_in_place = and_(photos.c.source_result.is_(None), photos.c.is_source_due.is_(False))
    rows = connection.execute(
        select(photos)
        .where(photos.c.id > after_id, photos.c.state == State.PUBLISHED, photos.c.folder.in_(folders), is_in_place)
        .order_by(photos.c.id)
        .limit(limit)
    )
    return [photo_from(row) for row in rows]


def is_cutout_wanted(connection: ReadTransaction, photo: Photo) -> bool:
    """Whether a photo that is not published yet may be a copy of this one and want its cutout, or is its next version.

    Photos that nobody has read yet may be copies of any.
    """
    is_next = and_(
        photos.c.folder == photo.identity.folder,
        photos.c.path == photo.identity.path,
        photos.c.id > photo.id,
        photos.c.state != State.SUPERSEDED,
    )
    is_copy = and_(
        and_(photos.c.sha256 == photo.picture.sha256, photos.c.parameters == photo.bound.parameters),
        photos.c.state.in_(UNPAID),
    )
    is_wanted = or_(photos.c.state == State.DISCOVERED, is_copy, is_next)
    return connection.scalar(select(photos.c.id).where(is_wanted).limit(1)) is not None
