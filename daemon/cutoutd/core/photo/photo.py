"""A photo as the ledger knows it: which version of which file, its last fact, what it waits for."""

from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, TypeVar

from cutoutd.core.photo.facts import Fact
from cutoutd.core.photo.states import TRANSITIONS, State

T = TypeVar("T")

#: The end of a wait that time does not end, Unix time: in the year 9999, the last that calendars know.
UNTIL_SOMEBODY_ACTS_S = 253_370_764_800.0


def require_value(value: T | None) -> T:
    """A value that a photo's state says is there.

    Raises:
        ValueError: it is not; the ledger contradicts itself.
    """
    if value is None:
        raise ValueError("a photo lacks what its state says it has")
    return value


class Version(NamedTuple):
    """What tells one version of a file from the next; ctime is not part of it, since a mere chmod changes that."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Identity:
    """One version of a file at a path in an input tree, as the file system tells it; rewritten, it is another."""

    folder: str  #: the configured folder's name
    path: str  #: relative to the folder's input, with "/"; undecodable bytes as surrogate escapes
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    input: str = ""  #: the input root where it was found; the same folder may have another one later

    @property
    def version(self) -> Version:
        """What tells this version of the file from the next."""
        return Version(self.path, self.size_bytes, self.mtime_ns, self.inode)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a photo stands still for now, beside its state; attempts count since its last fact."""

    until_s: float  #: Unix time before which the next step is not taken
    attempts: int
    reason: str
    for_photo: int | None = None  #: the photo whose coming to rest ends this wait at once
    is_held: bool = False  #: whether a limit of the configuration is why; a restart, maybe with another, ends it
    is_unavailable: bool = False  #: whether its source cannot be had for now; it holds up nobody else
    is_unapproved: bool = False  #: whether that limit is confirm_over: a person ends the wait, or a smaller batch

    @property
    def has_end(self) -> bool:
        """Whether time alone ends it; clocks that are set may move all ends by a little."""
        return self.until_s < UNTIL_SOMEBODY_ACTS_S / 2


NO_WAIT = Wait(until_s=0.0, attempts=0, reason="")


@dataclass(frozen=True, slots=True)
class Photo:
    """A row of the ledger; None means that the fact which brings the value is not true yet."""

    id: int
    identity: Identity
    state: State
    state_at_s: float  #: Unix time of the last fact
    wait: Wait = NO_WAIT
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    parameters: str | None = None
    output: str | None = None
    target: str | None = None
    source_uuid: str | None = None
    sent_width: int | None = None
    sent_height: int | None = None
    sent_as: str | None = None
    unclear_since_s: float | None = None
    lost_because: str | None = None
    locked_since_s: float | None = None
    has_lost_outcome: bool = False
    request_id: str | None = None
    result_uuid: str | None = None
    cutout_sha256: str | None = None
    cutout_bytes: int | None = None
    reused_from: int | None = None
    is_source_due: bool = False
    source_result: str | None = None
    source_missing_since_s: float | None = None
    note: str | None = None
    code: str | None = None
    sentence: str | None = None
    advice: str | None = None
    failed_state: State | None = None
    previous_parameters: str | None = None
    reprocess_started_s: float | None = None

    @property
    def is_upright(self) -> bool:
        """Whether the file can be sent as it is; otherwise a copy is turned as EXIF asks."""
        return self.orientation == 1

    @property
    def sent_size(self) -> tuple[int, int]:
        """Width and height of what is sent, upright; those of the photo unless it was shrunk.

        Raises:
            ValueError: the photo is not accepted yet.
        """
        return self.sent_width or require_value(self.width), self.sent_height or require_value(self.height)

    @property
    def story(self) -> str:
        """The state in one clause, with what matters about it."""
        if self.state in {State.REJECTED, State.FAILED, State.SUPERSEDED}:
            return f"{self.state}: {self.sentence} [{self.code}]"
        if self.state is State.PUBLISHED:
            return f"published as {self.target}" + (f" ({self.note})" if self.note else "")
        if self.state is State.UPLOADED and self.sent_as:
            return f"{self.state.phrase} ({self.sent_as})"
        if self.state is State.REMOVAL_INTENDED and self.locked_since_s is not None:
            return "refused, because a removal of this upload is running already; it is looked for"
        if self.state is State.REMOVAL_INTENDED and self.unclear_since_s is not None:
            return f"launched, and the answer was lost ({self.lost_because}); it is looked for, and nothing paid again"
        return self.state.phrase

    def with_fact(self, fact: Fact, at_s: float) -> "Photo":
        """The photo after a fact; waiting ends with it.

        Raises:
            ValueError: the fact may not follow the photo's state.
        """
        if fact.state not in TRANSITIONS[self.state]:
            msg = f"photo {self.id}: {fact.state} may not follow {self.state}"
            raise ValueError(msg)
        changed = replace(self, state=fact.state, state_at_s=at_s, wait=NO_WAIT, **asdict(fact))
        return replace(changed, failed_state=self.state) if fact.state is State.FAILED else changed
