"""Launches whose answer was lost: what a dispute over the bill needs to know of each."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from cutoutd.ledger.schema import launches

#: It was sent and nothing came back; neither was its result found by looking for it. What it cost, the bill says.
_IS_LOST = and_(launches.c.lost_because.is_not(None), launches.c.found_uuid.is_(None))


@dataclass(frozen=True, slots=True)
class LostLaunch:
    """A launch that was sent and never answered, nor its result found."""

    at_s: float  #: Unix time of the call
    source_uuid: str  #: the upload it was made on
    lost_because: str  #: what came instead of an answer: an HTTP status, with Uploadcare's request id, or an error


def lost_of(connection: Connection, photo_id: int) -> tuple[LostLaunch, ...]:
    """The photo's lost launches, the first one first."""
    columns = (launches.c.at_s, launches.c.source_uuid, launches.c.lost_because)
    of_photo = and_(launches.c.photo_id == photo_id, _IS_LOST)
    rows = connection.execute(select(*columns).where(of_photo).order_by(launches.c.id))
    return tuple(LostLaunch(*row) for row in rows)


def lost(connection: Connection) -> int:
    """How many launches are lost."""
    return connection.scalar(select(func.count()).select_from(launches).where(_IS_LOST)) or 0
