"""The incidents that a person should hear of once. Pure.

The set of open incidents outlives a restart, as JSON in the ledger. A failure has no end, so it is never open: the
first one is reported at once, and those of the next hour together.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from cutoutd.config.types.choices import NotifyReason

_HALF_A_DAY_S = 43_200.0

#: Failures after a reported one are gathered for this long.
_GATHER_FOR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident, with everything that the notification command gets."""

    kind: NotifyReason
    sentence: str
    advice: str
    photos: int  #: the number of affected photos so far
    folder: str | None = None
    until_s: float | None = None  #: Unix time of its end; None: it ends when it is no longer present

    @property
    def key(self) -> str:
        """A text that is equal for the same incident, found again: its kind with its folder or the day of its end."""
        return f"{self.kind}:{self.folder or ('' if self.until_s is None else _nearest_day(self.until_s))}"


@dataclass(frozen=True, slots=True)
class Notified:
    """The incidents that were reported."""

    open: dict[str, float | None] = field(default_factory=dict)  #: by key: the Unix time of the end, if known
    failures_until_s: float | None = None  #: Unix time of the last reported failure; None: no look so far
    failures_at_s: float = 0.0  #: Unix time of the last report of failures

    @classmethod
    def from_json(cls, text: str | None) -> "Notified":
        """Return the stored value; an empty one if another version stored it."""
        try:
            return _NOTIFIED.validate_json(text or "{}")
        except ValidationError:
            return cls()

    def as_json(self) -> str:
        """Return the value for the ledger."""
        return _NOTIFIED.dump_json(self).decode()

    def with_incident(self, incident: Incident) -> "Notified":
        """Return the value after an incident was reported."""
        return replace(self, open={**self.open, incident.key: incident.until_s})

    def with_failures(self, until_s: float, at_s: float) -> "Notified":
        """Return the value after all failures up to ``until_s`` were reported."""
        return replace(self, failures_until_s=until_s, failures_at_s=at_s)

    def without_past(
        self, present: Collection[str], now_s: float, *, unknown: Collection[NotifyReason] = ()
    ) -> "Notified":
        """Return the value without incidents that have ended.

        Args:
            present: the keys of the incidents that are present.
            now_s: Unix time.
            unknown: the kinds for which it is not known yet if they are present.
        """
        still_open = {
            key: until_s
            for key, until_s in self.open.items()
            if (now_s < until_s if until_s is not None else key in present or key.partition(":")[0] in unknown)
        }
        return replace(self, open=still_open)

    def may_report_failures(self, now_s: float) -> bool:
        """Return True if failures need not be gathered any longer. A clock that was set back does not prolong it."""
        return not 0.0 <= now_s - self.failures_at_s < _GATHER_FOR_S


def _nearest_day(at_s: float) -> str:
    """Return the local day with the nearest midnight: a limit ends at midnight, give or take a clock that was set."""
    return time.strftime("%Y-%m-%d", time.localtime(at_s + _HALF_A_DAY_S))


_NOTIFIED = TypeAdapter(Notified)
