"""The waits of a photo: their kinds, and until when each lasts."""

from dataclasses import dataclass
from enum import StrEnum

#: The end of a wait that time does not end, Unix time: in the year 9999, the last that calendars know.
UNTIL_SOMEBODY_ACTS_S = 253_370_764_800.0


class WaitKind(StrEnum):
    """One word for each kind of waiting, as the ledger stores it; the code decides by it, never by the reason."""

    NONE = "none"  #: nothing delays the photo
    POLL = "poll"  #: its removal runs, and the next poll has a time
    OVERDUE = "overdue"  #: its removal runs for far too long, or Uploadcare no longer knows it; polls are rare
    RETRY = "retry"  #: a step met trouble that passes, and is tried again
    THROTTLED = "throttled"  #: Uploadcare asked for fewer requests
    DUPLICATE = "duplicate"  #: another photo pays for the same picture
    HELD = "held"  #: a limit of day or month is reached
    UNAPPROVED = "unapproved"  #: its folder's batch is larger than ``confirm_over``, and a person has to approve it
    DAMAGED = "damaged"  #: its cutout arrived damaged, and is fetched again
    PLACE = "place"  #: the place of its cutout cannot be written now
    UNAVAILABLE = "unavailable"  #: its folder or its file cannot be read now


#: The kinds that belong to the normal course of a photo.
NOT_DELAYED = frozenset({WaitKind.NONE, WaitKind.POLL})

#: The kinds that a limit of the configuration causes; a restart with another limit ends them.
BY_LIMIT = frozenset({WaitKind.HELD, WaitKind.UNAPPROVED})

#: The kinds that the calendar, a person or a disk ends, whatever the clock says.
UNTIMED = BY_LIMIT | {WaitKind.UNAVAILABLE}

#: The kinds that may last for ever, or for a day; no duplicate waits for a photo that has one, unless its removal runs.
UNBOUNDED = frozenset({WaitKind.UNAVAILABLE, WaitKind.UNAPPROVED, WaitKind.PLACE, WaitKind.HELD})

#: After so many tries the trouble may be the photo's own, and no duplicate waits for its end.
TRIES_AWAITED = 3


@dataclass(frozen=True, slots=True)
class Wait:
    """The kind and the end of a photo's wait; it stands beside the photo's state."""

    kind: WaitKind
    until_s: float = 0.0  #: Unix time before which the next step is not taken
    attempts: int = 0  #: tries or polls since the photo's last fact
    reason: str = ""  #: a sentence to show; nothing depends on it
    for_photo: int | None = None  #: the photo that ends this wait at once when it reaches its end

    @property
    def is_delayed(self) -> bool:
        """True if something delays the photo; a running removal does not."""
        return self.kind not in NOT_DELAYED

    @property
    def failed_tries(self) -> int:
        """The tries of the step that failed in a row; polls that went well are none."""
        return self.attempts if self.is_delayed else 0

    @property
    def may_last(self) -> bool:
        """True if no duplicate waits for its end."""
        return self.kind in UNBOUNDED or (self.kind is WaitKind.RETRY and self.attempts >= TRIES_AWAITED)

    @property
    def has_end(self) -> bool:
        """True if time alone ends the wait."""
        return self.kind is not WaitKind.UNAPPROVED


NO_WAIT = Wait(WaitKind.NONE)
