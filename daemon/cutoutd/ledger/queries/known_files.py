"""The queries about files that a scan finds: those that are photos already, and those that may be.

``cutoutd plan`` asks them too, and what a photo at a path would cost.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select

from cutoutd.core.photo import AT_UPLOADCARE, UNPAID, Identity, Photo, State, Version
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos, targets
from cutoutd.ledger.sqlite.database import is_among
from cutoutd.ledger.sqlite.transactions import ReadTransaction
from cutoutd.ledger.writes.targets import target_key

# Built once, because every scan asks for each batch of files.
_KNOWN = select(
    photos.c.path,
    photos.c.size_bytes,
    photos.c.mtime_ns,
    photos.c.inode,
    photos.c.id,
    photos.c.state,
    photos.c.touched_at_s,
    photos.c.ctime_ns,
).where(
    photos.c.folder == bindparam("folder"),
    is_among(photos.c.path, "paths"),
    photos.c.state != State.SUPERSEDED,
    photos.c.source_result.is_(None),
)
_VERSION_OF = itemgetter(0, 1, 2, 3)  #: the first columns of the query

_IS_TOUCHED = photos.c.touched_at_s.is_not(None)
_TOUCHED = (
    select(photos)
    .where(_IS_TOUCHED, photos.c.id > bindparam("after_id"))
    .order_by(photos.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class TouchedPhoto:
    """A known photo with a file that has other times or another inode now."""

    photo_id: int
    is_marked: bool  #: True if its file will be compared already


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """The photo of a version of a file."""

    photo_id: int
    ctime_ns: int  #: the last with known content; 0: not known
    is_marked: bool  #: True if its file will be compared already
    is_unpaid: bool  #: its own check finds a change


class KnownFiles:
    """The photos at some paths, without superseded ones and those that left their place."""

    def __init__(self, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        self._rows = rows
        self._last: dict[tuple[object, ...], Row[*tuple[Any, ...]]] = {}
        for row in rows:
            last = self._last.setdefault(_VERSION_OF(row), row)
            if row.id > last.id:
                self._last[_VERSION_OF(row)] = row
        #: Their versions; a ``Version`` is equal to a tuple of its values.
        self.versions: set[tuple[object, ...]] = set(self._last)

    def last_of(self, version: tuple[object, ...]) -> KnownVersion | None:
        """Return the last photo of this version, because a file may be rewritten with its size and its mtime."""
        row = self._last.get(version)
        if row is None:
            return None
        return KnownVersion(row.id, row.ctime_ns, row.touched_at_s is not None, row.state in UNPAID)

    def touched(self, path: str, size_bytes: int) -> TouchedPhoto | None:
        """Return the last photo of a path, if a file of this size may be its touched file.

        None for a photo before payment: its own check ends it, and the file comes as a new photo.
        """
        last = max((row for row in self._rows if row.path == path), key=itemgetter(4), default=None)
        if last is None or last.size_bytes != size_bytes or last.state in UNPAID:
            return None
        return TouchedPhoto(last.id, is_marked=last.touched_at_s is not None)


def known_files(transaction: ReadTransaction, folder: str, paths: Collection[str]) -> KnownFiles:
    """Return what is known of the files at these paths."""
    return KnownFiles(transaction.execute(_KNOWN, {"folder": folder, "paths": list(paths)}).all())


def touched_photos(transaction: ReadTransaction, after_id: int, limit: int) -> list[Photo]:
    """Return the photos with files that have to be compared with what is known, in the order of discovery."""
    return [photo_from(row) for row in transaction.execute(_TOUCHED, {"after_id": after_id, "limit": limit})]


def number_touched(transaction: ReadTransaction) -> int:
    """Return the number of photos with files that have to be compared with what is known."""
    return transaction.scalar(select(func.count()).select_from(photos).where(_IS_TOUCHED)) or 0


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
    is_made_alike = and_(photos.c.parameters == photo.bound.parameters, photos.c.sent_within == photo.bound.sent_within)
    is_duplicate = and_(is_same, is_made_alike, photos.c.id != photo.id)
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
