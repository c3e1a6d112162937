"""What a forecast asks: what was published lately, and what does not go on by itself. Small indices answer it."""

from sqlalchemy import Connection, func, select

from cutoutd.ledger.schema.tables import IS_SHOWN, photos


def published_since(connection: Connection, since_s: float) -> tuple[int, float | None]:
    """How many photos were published after this Unix time, and when the first of them was; None: none was."""
    lately = select(func.count(), func.min(photos.c.state_at_s)).where(IS_SHOWN, photos.c.state_at_s > since_s)
    number, first_at_s = connection.execute(lately).one()
    return number, first_at_s


def away(connection: Connection) -> int:
    """How many photos wait for their source: a folder that stands by, mostly."""
    return connection.scalar(select(func.count()).select_from(photos).where(photos.c.is_away.is_(True))) or 0
