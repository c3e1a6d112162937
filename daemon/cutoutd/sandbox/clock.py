"""The sandbox's time: real time plus an offset that a test may set.

Owns every date the sandbox writes or compares with. It must not sleep or schedule: waiting is done in real time, only
the calendar moves. Read by all parts; moved by ``POST /_sandbox/clock``.
"""

from datetime import UTC, datetime, timedelta

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def as_text(moment: datetime) -> str:
    """Write a date as the service does: six digits and ``Z`` (UPLOADCARE.md section 5). Sorts like the date itself."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def from_text(text: str) -> datetime:
    """Read a date in any ISO 8601 form, ``Z`` or offset; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Clock:
    """Real time, moved by an offset that is forgotten when the sandbox stops."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The sandbox's present."""
        return datetime.now(UTC) + self._offset

    def stamp(self) -> str:
        """The present as text, never the same one twice: paging by upload date must not skip a file."""
        self._last_stamp = max(self.now(), self._last_stamp + timedelta(microseconds=1))
        return as_text(self._last_stamp)

    def ago(self, **span: float) -> str:
        """The moment a span (as ``timedelta`` takes it) before the present, as text."""
        return as_text(self.now() - timedelta(**span))

    def move(self, offset_s: float) -> None:
        """Set the distance from real time; a later call replaces an earlier one."""
        self._offset = timedelta(seconds=offset_s)
        self._last_stamp = datetime.min.replace(tzinfo=UTC)
