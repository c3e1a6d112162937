"""The sandbox's time: real time plus an offset that a test may set.

Every date that the sandbox writes or compares comes from here. Waiting takes real time, because only dates move.
"""

from datetime import UTC, datetime, timedelta

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def as_text(moment: datetime) -> str:
    """Return a date as the service writes it, with six digits and ``Z``; it sorts like the date itself."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def from_text(text: str) -> datetime:
    """Read an ISO 8601 date; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Clock:
    """Real time, moved by an offset that is forgotten when the sandbox stops."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._last_stamp = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present time of the sandbox."""
        return datetime.now(UTC) + self._offset

    def stamp(self) -> str:
        """Return the present time as text, never the same twice, because else paging by date would skip a file."""
        self._last_stamp = max(self.now(), self._last_stamp + timedelta(microseconds=1))
        return as_text(self._last_stamp)

    def ago(self, **span: float) -> str:
        """Return the time before now by this span, which ``timedelta`` takes, as text."""
        return as_text(self.now() - timedelta(**span))

    def move(self, offset_s: float) -> None:
        """Set the distance from real time; a later call replaces an earlier one."""
        self._offset = timedelta(seconds=offset_s)
        self._last_stamp = datetime.min.replace(tzinfo=UTC)
