"""Webhook results: stored, and matched to photos by the upload that they were made of.

A webhook result may come before its launch's response is stored, or although that response was lost. Therefore it is
stored first, and the photo's next step finds it. A photo with a webhook result waits no longer.

A photo may have given up the upload meanwhile, because its outcome was not found. Its launches still name the upload,
so the result is the photo's, and it is not paid for again. That is so too if the launch counted as not made, because
nothing showed it: then it was made after all. A result of an earlier round, before the photo was made
again, is only cleaned up.
"""

from collections.abc import Callable
from enum import Enum, auto

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from cutoutd.core.photo import NO_WAIT, Photo, State
from cutoutd.core.photo.longest_lead import DAY_S
from cutoutd.core.photo.photo import WebhookResult
from cutoutd.ledger.schema.rows import wait_values
from cutoutd.ledger.schema.tables import announcements, launches, photos, remote_files
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes.launches import count_after_all
from cutoutd.ledger.writes.remote_files import FileKind, NotedFile, note

#: Uploadcare repeats a message for up to 72 hours until it is accepted (docs/uploadcare.md 3). It deletes a result that
#: it was not told to store after a day.
_KEPT_FOR_S = 7 * DAY_S

#: The states with a next step that looks for a webhook result.
_AWAITING = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})

#: Those that look for one after a launch without a known outcome.
_MAY_ADOPT = frozenset({State.ACCEPTED, State.UPLOADED, State.REMOVAL_INTENDED})


class Receipt(Enum):
    """The outcome of storing a webhook result."""

    STORED = auto()
    KNOWN = auto()  #: it is stored already
    NOT_OURS = auto()  #: this ledger has no launch of that upload


_LAUNCHED_FOR = (
    select(launches.c.photo_id, launches.c.is_past)
    .where(launches.c.source_uuid == bindparam("source_uuid"))
    .order_by(launches.c.id.desc())
    .limit(1)
)
_IS_KNOWN = select(announcements.c.at_s).where(announcements.c.result_uuid == bindparam("result_uuid"))
_INSERT = insert(announcements)
_OF_PHOTO = (
    select(announcements)
    .join(remote_files, remote_files.c.uuid == announcements.c.result_uuid)
    .where(remote_files.c.photo_id == bindparam("photo_id"), remote_files.c.is_spent.is_(False))
    .order_by(announcements.c.at_s)
)


def store(
    transaction: WriteTransaction,
    result: WebhookResult,
    at_s: float,
    tell_made: Callable[[int], None] = lambda _: None,
) -> Receipt:
    """Store a webhook result that came at this time, end its photo's wait, and delete results older than a week.

    Its launch may have counted as not made. Then it counts after all, and ``tell_made`` is called with the photo.
    """
    values = {"source_uuid": result.source_uuid, "result_uuid": result.result_uuid}
    launch = transaction.execute(_LAUNCHED_FOR, values).first()
    if launch is None:
        return Receipt.NOT_OURS
    if transaction.scalar(_IS_KNOWN, values) is not None:
        return Receipt.KNOWN
    transaction.known.may_have_webhook_results = True
    transaction.execute(_INSERT, {**values, "request_id": result.request_id, "at_s": at_s})
    transaction.execute(delete(announcements).where(announcements.c.at_s < at_s - _KEPT_FOR_S))
    file = NotedFile(result.result_uuid, FileKind.RESULT, is_spent=launch.is_past)
    note(transaction, launch.photo_id, file, at_s)
    is_made_after_all = count_after_all(transaction, result.source_uuid)
    if not launch.is_past:
        if is_made_after_all:
            tell_made(launch.photo_id)
            row = update(photos).where(photos.c.id == launch.photo_id)
            transaction.execute(row.values(has_lost_outcome=True))
        _end_wait(transaction, launch.photo_id, result.source_uuid)
    return Receipt.STORED


def _end_wait(transaction: WriteTransaction, photo_id: int, source_uuid: str) -> None:
    is_awaited = and_(photos.c.source_uuid == source_uuid, photos.c.state.in_(sorted(_AWAITING)))
    may_be_paid_for = or_(photos.c.has_lost_outcome.is_(True), photos.c.unclear_since_s.is_not(None))
    is_adopted = and_(may_be_paid_for, photos.c.state.in_(sorted(_MAY_ADOPT)))
    waiting = update(photos).where(photos.c.id == photo_id, or_(is_awaited, is_adopted))
    transaction.execute(waiting.values(wait_values(NO_WAIT)))


def result_for(transaction: ReadTransaction, photo: Photo) -> tuple[WebhookResult, float] | None:
    """Return the webhook result of the photo, and the Unix time at which it came.

    Any result of its upload is the photo's, because the upload was made for it alone, with its parameters. So is that
    of an upload that it gave up. There are several if a launch was repeated because its response was lost. The result
    of the photo's own launch comes first, then those of its present upload. A removal that runs takes only these.
    """
    rows = list(transaction.execute(_OF_PHOTO, {"photo_id": photo.id}))
    present = photo.upload.source_uuid
    if not photo.may_be_paid_for or photo.state not in _MAY_ADOPT:
        rows = [row for row in rows if row.source_uuid == present]
    rows.sort(key=lambda row: (row.request_id != photo.launch.request_id, row.source_uuid != present))
    for row in rows:
        return WebhookResult(row.result_uuid, row.source_uuid, row.request_id), row.at_s
    return None


def is_any_stored(transaction: ReadTransaction) -> bool:
    """Return True if there are webhook results."""
    return transaction.scalar(select(announcements.c.result_uuid).limit(1)) is not None


def has_arrived(transaction: WriteTransaction, photo: Photo) -> bool:
    """Return True if the photo waits for a webhook result that has arrived already."""
    is_awaited = photo.state in _AWAITING or (photo.state in _MAY_ADOPT and photo.may_be_paid_for)
    return is_awaited and transaction.known.may_have_webhook_results and result_for(transaction, photo) is not None


def poll_without_webhooks(transaction: WriteTransaction, usual_wait_s: float) -> None:
    """Let removals that were not polled yet be polled on the normal schedule, as if no webhook were set up."""
    sooner_s = photos.c.state_at_s + usual_wait_s
    is_unasked = (photos.c.state == State.REMOVAL_STARTED.value) & (photos.c.wait_attempts == 0)
    transaction.execute(
        update(photos).where(is_unasked, photos.c.wait_until_s > sooner_s).values(wait_until_s=sooner_s)
    )
