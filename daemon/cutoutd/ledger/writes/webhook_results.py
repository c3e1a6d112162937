"""Results that Uploadcare announced by itself: kept, and matched to photos by the upload they were made of.

An announcement may come before its launch's answer is stored, or although that answer was lost; so it is kept first,
and whoever stands at the photo's state finds it there. A photo whose result was announced waits for nothing any more.
"""

from enum import Enum, auto

from sqlalchemy import bindparam, delete, insert, select, update

from cutoutd.core.photo import NO_WAIT, Photo, State
from cutoutd.core.webhook_result import WebhookResult
from cutoutd.ledger.schema.rows import wait_values
from cutoutd.ledger.schema.tables import announcements, launches, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction

#: Uploadcare repeats a message for up to 72 hours until it is taken (UPLOADCARE.md 3), and lets go of results that
#: nobody stored after a day.
_KEPT_FOR_S = 7 * 86_400.0

#: Photos whose next step looks for an announcement.
_AWAITING = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED})


class Receipt(Enum):
    """What became of an announcement."""

    STORED = auto()
    KNOWN = auto()  #: it came before
    NOT_OURS = auto()  #: nothing was launched here on that upload


_LAUNCHED_FOR = select(launches.c.photo_id).where(launches.c.source_uuid == bindparam("source_uuid")).limit(1)
_IS_KNOWN = select(announcements.c.at_s).where(announcements.c.result_uuid == bindparam("result_uuid"))
_INSERT = insert(announcements)
_OF_SOURCE = (
    select(announcements).where(announcements.c.source_uuid == bindparam("source_uuid")).order_by(announcements.c.at_s)
)


def store(connection: WriteTransaction, announcement: WebhookResult, at_s: float) -> Receipt:
    """Keep an announcement that came at this Unix time, and let its photo go on; those of a week ago are let go of."""
    values = {"source_uuid": announcement.source_uuid, "result_uuid": announcement.result_uuid}
    photo_id = connection.scalar(_LAUNCHED_FOR, values)
    if photo_id is None:
        return Receipt.NOT_OURS
    if connection.scalar(_IS_KNOWN, values) is not None:
        return Receipt.KNOWN
    connection.known.may_have_webhook_results = True
    connection.execute(_INSERT, {**values, "request_id": announcement.request_id, "at_s": at_s})
    connection.execute(delete(announcements).where(announcements.c.at_s < at_s - _KEPT_FOR_S))
    waiting = update(photos).where(
        photos.c.id == photo_id,
        photos.c.source_uuid == announcement.source_uuid,
        photos.c.state.in_([state.value for state in _AWAITING]),
    )
    connection.execute(waiting.values(wait_values(NO_WAIT)))
    return Receipt.STORED


def result_for(connection: ReadTransaction, photo: Photo) -> tuple[WebhookResult, float] | None:
    """What was announced of the photo's present upload, and when, Unix time; of several results its own launch's.

    Any result of the upload is the photo's: it was made for it alone, with its parameters. Several are there when a
    launch was repeated because its answer was lost.
    """
    rows = list(connection.execute(_OF_SOURCE, {"source_uuid": photo.upload.source_uuid}))
    rows.sort(key=lambda row: row.request_id != photo.launch.request_id)
    for row in rows:
        return WebhookResult(row.result_uuid, row.source_uuid, row.request_id), row.at_s
    return None


def is_any_stored(connection: ReadTransaction) -> bool:
    """Return True if there are webhook results."""
    return connection.scalar(select(announcements.c.result_uuid).limit(1)) is not None


def has_arrived(connection: WriteTransaction, photo: Photo) -> bool:
    """Whether the photo awaits an announcement that is there already."""
    is_awaited = photo.state in _AWAITING and connection.known.may_have_webhook_results
    return is_awaited and result_for(connection, photo) is not None


def poll_without_webhooks(connection: WriteTransaction, usual_wait_s: float) -> None:
    """Nothing is announced any more: removals not asked about yet are, as soon as they would have been without it."""
    sooner_s = photos.c.state_at_s + usual_wait_s
    is_unasked = (photos.c.state == State.REMOVAL_STARTED.value) & (photos.c.wait_attempts == 0)
    connection.execute(update(photos).where(is_unasked, photos.c.wait_until_s > sooner_s).values(wait_until_s=sooner_s))
