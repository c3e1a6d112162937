"""The queries about the photos' own files: those that are needed, that left their place, and that are due."""

from collections.abc import Collection

from sqlalchemy import and_, bindparam, or_, select

from cutoutd.core.photo import UNPAID, Photo, State, Version
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

# Built once, because every folder asks them every few seconds.
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


def taken_of(transaction: ReadTransaction, folder: str, paths: Collection[str]) -> set[Version]:
    """Return the versions of these paths that cutoutd itself took from their place."""
    return {Version(*row) for row in transaction.execute(_TAKEN, {"folder": folder, "paths": list(paths)})}


def unpaid_of(transaction: ReadTransaction, folder: str, root: str, limit: int) -> list[Photo]:
    """Return a folder's unpaid photos, which still need their source, if they were found in this input root."""
    rows = transaction.execute(_UNPAID_OF, {"folder": folder, "inputs": ["", root], "limit": limit})
    return [photo_from(row) for row in rows]


def sources_due(transaction: ReadTransaction, after_id: int, limit: int) -> list[Photo]:
    """Return the published photos for which on_success has still to be applied; none with a doubtful cutout."""
    is_due = and_(photos.c.is_source_due.is_(True), photos.c.state == State.PUBLISHED, photos.c.doubt.is_(None))
    rows = transaction.execute(select(photos).where(is_due, photos.c.id > after_id).order_by(photos.c.id).limit(limit))
    return [photo_from(row) for row in rows]


def doubtful(transaction: ReadTransaction, limit: int) -> list[Photo]:
    """Return the published photos with a doubtful cutout that keeps a source from on_success, oldest first."""
    is_kept = and_(photos.c.is_source_due.is_(True), photos.c.state == State.PUBLISHED, photos.c.doubt.is_not(None))
    rows = transaction.execute(select(photos).where(is_kept).order_by(photos.c.id).limit(limit))
    return [photo_from(row) for row in rows]


def published_in(transaction: ReadTransaction, folders: Collection[str], after_id: int, limit: int) -> list[Photo]:
    """Return the published photos of these folders that should still have their source, in the order of discovery."""
    is_in_place = and_(photos.c.source_result.is_(None), photos.c.is_source_due.is_(False))
    rows = transaction.execute(
        select(photos)
        .where(photos.c.id > after_id, photos.c.state == State.PUBLISHED, photos.c.folder.in_(folders), is_in_place)
        .order_by(photos.c.id)
        .limit(limit)
    )
    return [photo_from(row) for row in rows]


def is_cutout_wanted(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if an unfinished photo may need this one's cutout: a possible duplicate, or the path's next version.

    A photo that was not validated yet may be a duplicate of any.
    """
    is_next = and_(
        photos.c.folder == photo.identity.folder,
        photos.c.path == photo.identity.path,
        photos.c.id > photo.id,
        photos.c.state != State.SUPERSEDED,
    )
    is_copy = and_(
        photos.c.state.concat("").in_(UNPAID),  # concat, else the planner reads all unpaid photos
        photos.c.parameters == photo.bound.parameters,
        or_(photos.c.sha256 == photo.picture.sha256, photos.c.picture_sha256 == photo.picture.identity),
    )
    is_wanted = or_(photos.c.state == State.DISCOVERED, is_copy, is_next)
    return transaction.scalar(select(photos.c.id).where(is_wanted).limit(1)) is not None
