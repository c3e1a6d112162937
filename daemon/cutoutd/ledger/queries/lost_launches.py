"""Launches with a lost response, and everything that a dispute over the bill needs.

A dispute needs for each launch its time, its upload, and what came instead of the response. These functions word what
the ledger knows, and decide nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, func, select

from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import launches, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction

#: Sent, no response, and neither a result nor a proof that it was not made. Only the bill shows if it was charged.
_HAS_NO_RESPONSE = and_(launches.c.lost_because.is_not(None), launches.c.found_uuid.is_(None))
_IS_LOST = and_(_HAS_NO_RESPONSE, launches.c.is_returned.is_(False))


@dataclass(frozen=True, slots=True)
class LostLaunch:
    """A launch that was sent, with neither a response nor a result that was found."""

    at_s: float  #: Unix time of the call
    source_uuid: str  #: the upload it was made on
    lost_because: str  #: what came instead of a response: an HTTP status, with Uploadcare's request id, or an error


def lost_launches_of(transaction: ReadTransaction, photo_id: int) -> tuple[LostLaunch, ...]:
    """Return the photo's lost launches, the first one first."""
    columns = (launches.c.at_s, launches.c.source_uuid, launches.c.lost_because)
    of_photo = and_(launches.c.photo_id == photo_id, _IS_LOST)
    rows = transaction.execute(select(*columns).where(of_photo).order_by(launches.c.id))
    return tuple(LostLaunch(*row) for row in rows)


def number_not_made(transaction: ReadTransaction, photo: Photo) -> int:
    """Return how many launches on the photo's upload got no response and were not made."""
    of_upload = and_(launches.c.photo_id == photo.id, launches.c.source_uuid == photo.upload.source_uuid)
    not_made = select(func.count()).where(of_upload, _HAS_NO_RESPONSE, launches.c.is_returned.is_(True))
    return transaction.scalar(not_made) or 0


def lost_launches(transaction: ReadTransaction) -> int:
    """Return the number of lost launches."""
    return transaction.scalar(select(func.count()).select_from(launches).where(_IS_LOST)) or 0


def paid_again(transaction: ReadTransaction, limit: int) -> list[Photo]:
    """Return the photos that were launched again after a launch without a known outcome, the last one first."""
    rows = transaction.execute(
        select(photos)
        .where(photos.c.has_lost_outcome.is_(True), photos.c.request_id.is_not(None))
        .order_by(photos.c.id.desc())
        .limit(limit)
    )
    return [photo_from(row) for row in rows]


def log_paid_again(photo: Photo, request_id: str, lost: Sequence[LostLaunch]) -> None:
    """Log that a photo may have been paid for twice, with everything that a dispute over the bill needs."""
    earlier = "; ".join(in_words(launch) for launch in lost)
    sentence = (
        f"launched again as request {request_id} on upload {photo.upload.source_uuid}, because nothing was found of"
        f" {len(lost)} earlier: {earlier}"
    )
    log_event("possible_double_charge", sentence, about=photo.identity, level=logging.WARNING)


def in_words(launch: LostLaunch) -> str:
    """Return one launch in words, to be looked up at Uploadcare."""
    at = datetime.fromtimestamp(launch.at_s, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC on upload {launch.source_uuid}: {launch.lost_because}"
