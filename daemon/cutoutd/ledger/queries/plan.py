"""The queries of ``cutoutd plan``."""

from collections.abc import Collection

from sqlalchemy import and_, func, or_, select

from cutoutd.core.photo import AT_UPLOADCARE, Identity, Photo, State, Version
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos, targets
from cutoutd.ledger.sqlite.transactions import ReadTransaction
from cutoutd.ledger.writes.targets import target_key


def photos_at(transaction: ReadTransaction, folder: str, paths: Collection[str]) -> dict[Version, Photo]:
    """Return the photos at these paths by version, without superseded ones, the oldest first."""
    rows = transaction.execute(
        select(photos)
        .where(photos.c.folder == folder, photos.c.path.in_(paths), photos.c.state != State.SUPERSEDED)
        .order_by(photos.c.id)
    )
    found = (photo_from(row) for row in rows)
    return {photo.identity.version: photo for photo in found}


def approved_of(transaction: ReadTransaction, photo_ids: Collection[int]) -> set[int]:
    """Return the approved ones of these photos."""
    return set(
        transaction.scalars(select(photos.c.id).where(photos.c.id.in_(photo_ids), photos.c.approved_at_s.is_not(None)))
    )


def has_duplicate_at_uploadcare(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if a duplicate was uploaded and is not published yet."""
    is_same = or_(photos.c.sha256 == photo.picture.sha256, photos.c.picture_sha256 == photo.picture.identity)
    is_duplicate = and_(is_same, photos.c.parameters == photo.bound.parameters, photos.c.id != photo.id)
    duplicates = select(func.count()).select_from(photos).where(is_duplicate, photos.c.state.in_(AT_UPLOADCARE))
    return (transaction.scalar(duplicates) or 0) > 0


def has_target(transaction: ReadTransaction, identity: Identity, output: str) -> bool:
    """Return True if the path has a target already, which it keeps for ever."""
    own = select(func.count()).where(
        targets.c.folder == identity.folder, targets.c.path == identity.path, targets.c.output == output
    )
    return (transaction.scalar(own) or 0) > 0


def is_claimed(transaction: ReadTransaction, output: str, target: str) -> bool:
    """Return True if some path has this target."""
    claims = select(func.count()).where(targets.c.output == output, targets.c.target_key == target_key(target))
    return (transaction.scalar(claims) or 0) > 0
