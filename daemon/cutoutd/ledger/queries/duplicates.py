"""Photos with the same picture and parameters, sent by one rule: the one that pays, and the cutouts to reuse.

Two photos have the same picture if their pictures have one hash, or their files: photos that were accepted by an
earlier version have only the hash of their file.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, not_, or_, select

from cutoutd.core.photo import (
    AT_UPLOADCARE,
    NOT_DELAYED,
    RESULT_DAMAGED,
    SENT_SMALLER,
    SENT_WHOLE,
    TRIES_AWAITED,
    UNBOUNDED,
    UNPAID,
    Photo,
    State,
    WaitKind,
)
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import photos, remote_files
from cutoutd.ledger.sqlite.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class DuplicateInfo:
    """The relation of a photo to its duplicates and to newer versions, at one moment."""

    is_superseded_by_newer: bool  #: a later version of its path has a cutout in place
    has_cutout: bool  #: a duplicate has one that may be reused
    payer: Photo | None  #: the duplicate that goes first and pays; None: there is none
    earlier_version: Photo | None  #: of the same path and the same picture, and published; None: there is none


# Built once, because building them anew for each photo would cost about as much as the queries.
_IS_SAME_PICTURE = or_(photos.c.sha256 == bindparam("sha256"), photos.c.picture_sha256 == bindparam("picture_sha256"))
# A smaller copy has another cutout than the whole photo. A limit that was not stored may be any.
_IS_SENT_ALIKE = or_(
    photos.c.sent_within == bindparam("sent_within"),
    and_(photos.c.sent_within == SENT_SMALLER, bindparam("sent_within") != SENT_WHOLE),
    and_(photos.c.sent_within != SENT_WHOLE, bindparam("sent_within") == SENT_SMALLER),
)
_IS_MADE_ALIKE = and_(photos.c.parameters == bindparam("parameters"), _IS_SENT_ALIKE)
#: Photos of other folders cannot go on before they are paid for.
_IS_OPEN = photos.c.folder.not_in(bindparam("closed_folders", expanding=True))
_GOES_ON = or_(
    photos.c.state.not_in([state.value for state in UNPAID]),
    and_(
        photos.c.wait_kind.not_in(sorted(UNBOUNDED)),
        or_(photos.c.wait_kind != WaitKind.RETRY.value, photos.c.wait_attempts < TRIES_AWAITED),
        _IS_OPEN,
    ),
)
# It was paid for too, so a duplicate tries its result, and pays only on command.
_IS_DAMAGED = and_(
    photos.c.state == State.FAILED.value,
    photos.c.code == RESULT_DAMAGED,
    photos.c.result_uuid.is_not(None),
    bindparam("is_anew").is_(False),
)
# A newer version of its path took its place; its paid result serves a duplicate as long as Uploadcare has it.
_IS_REPLACED = and_(
    photos.c.state == State.SUPERSEDED.value,
    select(remote_files.c.uuid)
    .where(remote_files.c.uuid == photos.c.result_uuid, remote_files.c.is_spent.is_(False))
    .exists(),
    bindparam("is_anew").is_(False),
)
_IS_FURTHER = or_(
    and_(photos.c.state.in_([state.value for state in AT_UPLOADCARE]), photos.c.state != bindparam("state"), _GOES_ON),
    _IS_DAMAGED,
    _IS_REPLACED,
)
_IS_FIRST = and_(
    photos.c.state == bindparam("state"),
    photos.c.id < bindparam("photo_id"),
    photos.c.wait_kind.in_(sorted(NOT_DELAYED)),
    _IS_OPEN,
)
# A result of the same picture that is made otherwise could be either's while an outcome is looked for.
_IS_LOOKED_FOR = and_(
    not_(_IS_MADE_ALIKE),
    photos.c.state == State.REMOVAL_INTENDED.value,
    or_(photos.c.unclear_since_s.is_not(None), photos.c.locked_since_s.is_not(None)),
)
# Before an answer comes, too, because two answers may be lost at once.
_IS_CALLED_FOR = (
    select(photos.c.id)
    .where(
        _IS_SAME_PICTURE,
        photos.c.id != bindparam("photo_id"),
        not_(_IS_MADE_ALIKE),
        photos.c.state.concat("") == State.REMOVAL_INTENDED.value,  # concat, else the planner reads all of the state
    )
    .limit(1)
)
_GOES_FIRST = or_(and_(_IS_MADE_ALIKE, or_(_IS_FURTHER, _IS_FIRST)), _IS_LOOKED_FOR)
_PAYER = (
    select(photos)
    .where(_IS_SAME_PICTURE, photos.c.id != bindparam("photo_id"), _GOES_FIRST)
    .order_by(photos.c.state == bindparam("state"), photos.c.id)  # further ones first, because False sorts before True
    .limit(1)
)
_SAME_PICTURE = (
    select(photos)
    .where(_IS_SAME_PICTURE, photos.c.id != bindparam("photo_id"))
    .order_by(photos.c.state_at_s.desc())
    .limit(bindparam("limit"))
)
_IS_PUBLISHED = and_(photos.c.state == State.PUBLISHED, _IS_MADE_ALIKE)
# Before it is sent anew, because afterwards the row tells only how the new one was sent.
_IS_MADE_AGAIN = and_(
    photos.c.state == State.ACCEPTED,
    photos.c.previous_parameters == bindparam("parameters"),
    photos.c.sent_width.is_(None) == (bindparam("sent_within") == SENT_WHOLE),
)
_PUBLISHED = _SAME_PICTURE.where(or_(_IS_PUBLISHED, _IS_MADE_AGAIN))
_PAID_SINCE = _SAME_PICTURE.where(
    photos.c.state.concat("") == State.PUBLISHED,  # as above
    _IS_MADE_ALIKE,
    photos.c.state_at_s > bindparam("since_s"),
    photos.c.reused_from.is_(None),
)

# The path in its input too, because a folder may get another name in the configuration.
_LAST_PUBLICATION = (
    select(photos)
    .where(
        photos.c.path == bindparam("path"),
        or_(photos.c.folder == bindparam("folder"), photos.c.input == bindparam("input")),
        photos.c.state.concat("") == State.PUBLISHED,  # concat, else the planner reads all published photos
        photos.c.id < bindparam("photo_id"),
    )
    .order_by(photos.c.id.desc())
    .limit(1)
)

_OF_SAME_FILE = (
    select(photos)
    .where(photos.c.sha256 == bindparam("sha256"), photos.c.id != bindparam("photo_id"))
    .order_by(photos.c.parameters.desc(), photos.c.id.desc())  # as the index has them
    .limit(5)
)

_WAITING_FOR = select(photos).where(photos.c.wait_for == bindparam("photo_id")).order_by(photos.c.id)

_AFTER_ALL = (1 << 63) - 1

_IS_CUTOUT = select(select(photos.c.id).where(photos.c.cutout_sha256 == bindparam("sha256")).exists())

_IS_OTHER = photos.c.id != bindparam("photo_id")
_HAS_LIKE = select(
    select(photos.c.id).where(photos.c.sha256 == bindparam("sha256"), _IS_OTHER).exists()
    | select(photos.c.id).where(photos.c.picture_sha256 == bindparam("picture_sha256"), _IS_OTHER).exists()
    | select(photos.c.id)
    .where(photos.c.path == bindparam("path"), photos.c.folder == bindparam("folder"), _IS_OTHER)
    .exists()
)


def duplicate_info(transaction: ReadTransaction, photo: Photo, closed_folders: Collection[str] = ()) -> DuplicateInfo:
    """Return what has to be known before a photo is sent or paid for.

    Photos of ``closed_folders`` cannot be paid for now, so none of them is the payer.
    """
    return DuplicateInfo(
        is_superseded_by_newer=photo_queries.has_newer_publication(transaction, photo),
        has_cutout=bool(published_duplicates(transaction, photo, 1)),
        payer=elected_payer(transaction, photo, closed_folders),
        earlier_version=published_version(transaction, photo),
    )


def published_version(transaction: ReadTransaction, photo: Photo) -> Photo | None:
    """Return the published version of the photo's path, if it has the photo's picture and no new cutout is wanted.

    Only the last publication counts, because the output shows its cutout. Its parameters do not matter: a changed
    configuration makes no cutout again.
    """
    if photo.cutout.previous_parameters is not None:
        return None
    identity = photo.identity
    # A photo of no known input matches none, and one that is not stored yet comes after all others.
    values = {
        "folder": identity.folder,
        "path": identity.path,
        "input": identity.input or None,
        "photo_id": photo.id or _AFTER_ALL,
    }
    rows = transaction.execute(_LAST_PUBLICATION, values)
    last = next((photo_from(row) for row in rows), None)
    return last if last is not None and last.picture.is_same(photo.picture) else None


def is_unique(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if no other row has the photo's picture, the bytes of its file, or its path."""
    values = {**_duplicate_key(photo), "folder": photo.identity.folder, "path": photo.identity.path}
    return transaction.scalar(_HAS_LIKE, values) == 0


def is_cutout(transaction: ReadTransaction, sha256: str) -> bool:
    """Return True if a file with this hash was published as a cutout."""
    return transaction.scalar(_IS_CUTOUT, {"sha256": sha256}) == 1


def elected_payer(transaction: ReadTransaction, photo: Photo, closed_folders: Collection[str] = ()) -> Photo | None:
    """Return the duplicate that goes first: one that is further on, or an earlier one at the same state.

    A duplicate at the same state does not go first while something delays it. An unpaid one that is further on does not
    go first while its wait may last: for its folder, for approval, for a limit, or after several tries. One with a
    damaged result goes first, and one that lost its place to a newer version. Neither does if a person wants the photo
    made again.
    """
    is_anew = photo.cutout.reprocess_started_s is not None
    values = {"state": photo.state, "is_anew": is_anew, "closed_folders": list(closed_folders)}
    rows = transaction.execute(_PAYER, {**_duplicate_key(photo), **values})
    return next((photo_from(row) for row in rows), None)


def is_called_for_otherwise(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if a launch of the same picture that is made otherwise has no known outcome yet."""
    return transaction.scalar(_IS_CALLED_FOR, _duplicate_key(photo)) is not None


def waiting_for(transaction: ReadTransaction, photo: Photo) -> list[Photo]:
    """Return the photos that wait for this one, the first one first."""
    return [photo_from(row) for row in transaction.execute(_WAITING_FOR, {"photo_id": photo.id})]


def published_duplicates(transaction: ReadTransaction, photo: Photo, limit: int) -> list[Photo]:
    """Return the duplicates with a published cutout, newest first.

    While a cutout is made again, the earlier one counts. If a person wants the photo paid for again, only cutouts that
    were paid for since then count.
    """
    values = {**_duplicate_key(photo), "since_s": photo.cutout.reprocess_started_s, "limit": limit}
    rows = transaction.execute(_PUBLISHED if photo.cutout.reprocess_started_s is None else _PAID_SINCE, values)
    return [photo_from(row) for row in rows]


def of_same_file(transaction: ReadTransaction, photo: Photo) -> list[Photo]:
    """Return a few other photos with the same bytes, the newest of each parameters first."""
    values = {"sha256": photo.picture.sha256, "photo_id": photo.id}
    return [photo_from(row) for row in transaction.execute(_OF_SAME_FILE, values)]


def _duplicate_key(photo: Photo) -> dict[str, object]:
    return {
        "photo_id": photo.id,
        "sha256": photo.picture.sha256,
        "picture_sha256": photo.picture.picture_sha256,
        "parameters": photo.bound.parameters,
        "sent_within": photo.bound.sent_within,
    }
