"""The files that may be at Uploadcare: noted with the fact that tells of them, forgotten when they are deleted there.

Each upload and each result counts, also those that the photo has no more: an upload that was given up, the result of a
launch that was repeated, and those of earlier rounds.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import Float, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import sqlite

from cutoutd.core.photo import (
    INTERNAL_FAULT,
    TERMINAL,
    Fact,
    Photo,
    RemovalFinished,
    Reprocessed,
    ResultFound,
    ResultFromWebhook,
    ResultLost,
    RetryUpload,
    State,
    Uploaded,
)
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.ledger.schema.tables import launches, photos, remote_files
from cutoutd.ledger.sqlite.transactions import Prepared, ReadTransaction, WriteTransaction

#: An upload that the photo has no more is gone after a day by itself; until then its result may be announced.
_GIVEN_UP_FOR_S = DAY_S

#: A result that the photo does not take is kept as long as an announcement of it.
_UNTAKEN_FOR_S = 7 * DAY_S

#: A doubtful cutout may be wanted from Uploadcare once more. Files that are not stored end after a day in any case.
_DOUBTFUL_FOR_S = DAY_S

#: For how long ``retry`` can fetch the paid result of a photo that failed, or was dismissed.
FAILED_FOR_S = 30 * DAY_S
DISMISSED_FOR_S = 7 * DAY_S


class FileKind(StrEnum):
    """The two kinds of files that are made at Uploadcare."""

    SOURCE = "source"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class NotedFile:
    """A file that was made at Uploadcare."""

    uuid: str
    kind: FileKind
    is_spent: bool = False  #: True if it is not wanted, whatever becomes of the photo


_NOTE = Prepared(
    sqlite.insert(remote_files).on_conflict_do_nothing(), ["uuid", "photo_id", "kind", "since_s", "is_spent"]
)
_SPEND = Prepared(update(remote_files).where(remote_files.c.photo_id == bindparam("photo")).values(is_spent=True))
_SPEND_RESULT = Prepared(
    update(remote_files)
    .where(remote_files.c.photo_id == bindparam("photo"), remote_files.c.uuid == bindparam("result"))
    .values(is_spent=True)
)
_SPEND_LAUNCHES = Prepared(update(launches).where(launches.c.photo_id == bindparam("photo")).values(is_past=True))


def note_fact(transaction: WriteTransaction, photo: Photo, fact: Fact, at_s: float) -> None:
    """Note the file that a fact tells of, or that earlier ones of the photo are not wanted any more."""
    match fact:
        case Uploaded():
            note(transaction, photo.id, NotedFile(fact.source_uuid, FileKind.SOURCE), at_s)
        case RemovalFinished() | ResultFound() | ResultFromWebhook():
            note(transaction, photo.id, NotedFile(fact.result_uuid, FileKind.RESULT), at_s)
        case Reprocessed():
            _spend(transaction, photo)
        case ResultLost():
            transaction.run(_SPEND_RESULT, {"photo": photo.id, "result": photo.launch.result_uuid})
        case RetryUpload() if fact.parameters != photo.bound.parameters:
            _spend(transaction, photo)


def note(transaction: WriteTransaction, photo_id: int, file: NotedFile, at_s: float) -> None:
    """Note a file of a photo, unless it is known."""
    transaction.run(_NOTE, {**asdict(file), "photo_id": photo_id, "since_s": at_s})


def _spend(transaction: WriteTransaction, photo: Photo) -> None:
    transaction.run(_SPEND, {"photo": photo.id})
    transaction.run(_SPEND_LAUNCHES, {"photo": photo.id})


_NOW_S = bindparam("now_s", type_=Float())
_IS_SURE = or_(photos.c.doubt.is_(None), photos.c.state_at_s < _NOW_S - _DOUBTFUL_FOR_S)
_IS_RETRIED = frozenset({State.FAILED, State.DISMISSED})
_DUPLICATE = photos.alias("duplicate")
_IS_UNPAID_ALIKE = and_(
    _DUPLICATE.c.state.in_([State.ACCEPTED.value, State.UPLOADED.value]),
    _DUPLICATE.c.parameters == photos.c.parameters,
)
#: A newer version took the place of a paid cutout; its result serves a duplicate that would pay else.
_IS_WANTED = and_(
    photos.c.state == State.SUPERSEDED.value,
    remote_files.c.uuid == photos.c.result_uuid,
    photos.c.state_at_s > _NOW_S - DAY_S,
    or_(
        *(
            select(_DUPLICATE.c.id).where(of_duplicate == of_photo, _IS_UNPAID_ALIKE).exists()
            for of_duplicate, of_photo in (
                (_DUPLICATE.c.sha256, photos.c.sha256),
                (_DUPLICATE.c.picture_sha256, photos.c.picture_sha256),
            )
        )
    ),
)
_IS_AT_REST = and_(
    photos.c.state.in_([State.PUBLISHED, State.SUPERSEDED, State.REJECTED]),
    _IS_SURE,
    func.coalesce(_IS_WANTED, False).is_(False),
)
_IS_SOURCE = remote_files.c.kind == FileKind.SOURCE.value
_MAY_RUN = and_(
    photos.c.code == INTERNAL_FAULT, photos.c.failed_state.in_([State.REMOVAL_INTENDED, State.REMOVAL_STARTED])
)
_IS_CURRENT = remote_files.c.uuid.in_([photos.c.source_uuid, photos.c.result_uuid])

#: A removal that may be running keeps its source, because a fault in cutoutd did not end it.
_HAS_FAILED = and_(
    photos.c.state == State.FAILED,
    or_(and_(_IS_SOURCE, func.coalesce(_MAY_RUN, False).is_(False)), photos.c.state_at_s < _NOW_S - FAILED_FOR_S),
)
_IS_DISMISSED = and_(photos.c.state == State.DISMISSED, photos.c.state_at_s < _NOW_S - DISMISSED_FOR_S)
_IS_OLD = or_(
    and_(_IS_SOURCE, remote_files.c.since_s < _NOW_S - _GIVEN_UP_FOR_S),
    remote_files.c.since_s < _NOW_S - _UNTAKEN_FOR_S,
)
_IS_GIVEN_UP = and_(photos.c.state.not_in(sorted(TERMINAL)), func.coalesce(_IS_CURRENT, False).is_(False), _IS_OLD)
_TO_CLEAN = (
    select(remote_files.c.uuid)
    .join_from(remote_files, photos)
    .where(or_(remote_files.c.is_spent.is_(True), _IS_AT_REST, _HAS_FAILED, _IS_DISMISSED, _IS_GIVEN_UP))
    .order_by(remote_files.c.photo_id)
    .limit(bindparam("limit"))
)


def to_clean(transaction: ReadTransaction, now_s: float, limit: int) -> list[str]:
    """Return files that no photo needs any more at this Unix time.

    - A published, superseded or rejected photo needs none; a doubtful one needs them for a day. The paid result of a
      superseded one is needed by an unpaid duplicate, for a day at most.
    - A failed one needs its paid result for a month, because a retry can fetch it.
    - A dismissed one needs all for a week.
    - One under way needs its present upload and result, and for some time those that it gave up.
    """
    return list(transaction.scalars(_TO_CLEAN, {"now_s": now_s, "limit": limit}))


def uploads_of(transaction: ReadTransaction, photo_id: int, since_s: float) -> int:
    """Return how many uploads of a photo were made since this Unix time and not cleaned up."""
    is_upload = and_(remote_files.c.photo_id == photo_id, _IS_SOURCE, remote_files.c.since_s >= since_s)
    return transaction.scalar(select(func.count()).select_from(remote_files).where(is_upload)) or 0


def mark_cleaned(transaction: WriteTransaction, uuids: Collection[str]) -> None:
    """Forget files that are deleted at Uploadcare. A photo that failed does not count on its result any more."""
    cleaned = remote_files.c.uuid.in_(uuids)
    ids = set(transaction.scalars(select(remote_files.c.photo_id).where(cleaned)))
    rows = transaction.execute(select(photos.c.id, photos.c.state, photos.c.result_uuid).where(photos.c.id.in_(ids)))
    have_lost = [row.id for row in rows if row.state in _IS_RETRIED and row.result_uuid in set(uuids)]
    if have_lost:
        lost = update(photos).where(photos.c.id.in_(have_lost))
        transaction.execute(lost.values(result_uuid=None, kept_uuid=None))
    transaction.execute(delete(remote_files).where(cleaned))


def claimed(transaction: ReadTransaction, uuids: Collection[str]) -> set[str]:
    """Return those of these files that are known as some photo's upload or result."""
    return set(transaction.scalars(select(remote_files.c.uuid).where(remote_files.c.uuid.in_(uuids))))
