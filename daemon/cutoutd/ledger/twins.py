"""Photos of the same picture with the same parameters: who pays for all of them, and whose cutout can be had."""

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from cutoutd.ledger.records import photo_from
from cutoutd.ledger.schema import photos
from cutoutd.photo import UNDER_WAY, UNPAID, Photo, State


def payer_for(connection: Connection, photo: Photo) -> Photo | None:
    """The photo of the same content and parameters that goes first: one further on, or an earlier one beside it.

    One beside it that waits for some trouble to pass holds up nobody. Neither does one further on that is not paid for
    while its folder stands by, has left the configuration, or waits for a person: that may last for ever.
    """
    further = UNDER_WAY - {photo.state}
    goes_on = or_(photos.c.state.not_in(UNPAID), and_(photos.c.is_away.is_(False), photos.c.is_unapproved.is_(False)))
    is_first = and_(photos.c.state == photo.state, photos.c.id < photo.id, photos.c.wait_reason == "")
    rows = connection.execute(
        select(photos)
        .where(_is_twin_of(photo), or_(and_(photos.c.state.in_(further), goes_on), is_first))
        .order_by(photos.c.state == photo.state, photos.c.id)
        .limit(1)
    )
    return next((photo_from(row) for row in rows.mappings()), None)


def published_twins(connection: Connection, photo: Photo, limit: int) -> list[Photo]:
    """Photos with a cutout of the same content and parameters in place, newest first.

    While a cutout is made anew, the earlier one counts. For a photo that a person wants paid for again, only those
    count that were paid for since.
    """
    is_published = and_(photos.c.state == State.PUBLISHED, photos.c.parameters == photo.parameters)
    if photo.anew_since_s is None:
        stands = or_(is_published, photos.c.earlier_parameters == photo.parameters)
    else:
        stands = and_(is_published, photos.c.state_at_s > photo.anew_since_s, photos.c.reused_from.is_(None))
    rows = connection.execute(
        select(photos)
        .where(photos.c.sha256 == photo.sha256, photos.c.id != photo.id, stands)
        .order_by(photos.c.state_at_s.desc())
        .limit(limit)
    )
    return [photo_from(row) for row in rows.mappings()]


def _is_twin_of(photo: Photo) -> ColumnElement[bool]:
    return and_(photos.c.sha256 == photo.sha256, photos.c.parameters == photo.parameters, photos.c.id != photo.id)
