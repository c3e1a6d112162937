"""What a person should hear of once: incidents, which of them are new, and which are over. Pure.

What is open outlives a restart as JSON in the ledger's memory. Failures are no state that ends: the first is told at
once, those of the next hour together.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from cutoutd.config.choices import NotifyReason

#: Failures that follow one that was told are gathered for this long.
_GATHER_FOR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened, as the notification command gets to know it."""

    kind: NotifyReason
    sentence: str
    advice: str
    photos: int  #: how many are concerned so far
    folder: str | None = None
    until_s: float | None = None  #: when it is over by itself, Unix time; None: when it is seen no more

    @property
    def key(self) -> str:
        """Equal for the same incident, seen again."""
        return f"{self.kind}:{self.folder or (self.sentence if self.until_s is not None else '')}"


@dataclass(frozen=True, slots=True)
class Notified:
    """What a person was told of."""

    open: dict[str, float | None] = field(default_factory=dict)  #: by key: when it is over by itself
    failures_until_s: float | None = None  #: the last failure told, Unix time; None: nobody looked before
    failures_at_s: float = 0.0  #: when failures were told last

    def with_incident(self, incident: Incident) -> "Notified":
        """It was told; what a person has heard does not count as news any more."""
        return replace(self, open={**self.open, incident.key: incident.until_s})

    def with_failures(self, until_s: float, at_s: float) -> "Notified":
        """All failures up to this one were told."""
        return replace(self, failures_until_s=until_s, failures_at_s=at_s)

    def without_past(
        self, present: Collection[str], now_s: float, *, unknown: Collection[NotifyReason] = ()
    ) -> "Notified":
        """Without what is over; of the kinds that are ``unknown`` nothing is known yet."""
        still_open = {
            key: until_s
            for key, until_s in self.open.items()
            if (now_s < until_s if until_s is not None else key in present or key.partition(":")[0] in unknown)
        }
        return replace(self, open=still_open)

    def may_tell_failures(self, now_s: float) -> bool:
        """Whether the time of gathering is over; a clock that was set back does not prolong it."""
        return not 0.0 <= now_s - self.failures_at_s < _GATHER_FOR_S


_TOLD = TypeAdapter(Notified)


def told_from(text: str | None) -> Notified:
    """What was kept; a version that kept it in another way is no reason not to start."""
    try:
        return _TOLD.validate_json(text or "{}")
    except ValidationError:
        return Notified()


def told_as_text(told: Notified) -> str:
    """For keeping."""
    return _TOLD.dump_json(told).decode()
