"""A photo and its facts: what is already true of it, in which order facts may follow, and how each is told to people.

A photo's state is its last fact; resuming is doing the step after it. There is no "doing" state, so nothing has to be
cleaned up after a crash. This module holds values only: it reads no file, asks no service and writes no ledger.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeVar


class State(StrEnum):
    """The name of a photo's last fact, as the ledger stores it."""

    DISCOVERED = "discovered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UPLOADED = "uploaded"
    REMOVAL_INTENDED = "removal_intended"
    REMOVAL_STARTED = "removal_started"
    REMOVAL_FINISHED = "removal_finished"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    FAILED = "failed"

    @property
    def phrase(self) -> str:
        """The state in words for people."""
        return _PHRASES[self]

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens to the photo by itself."""
        return self in AT_REST


AT_REST = frozenset({State.REJECTED, State.PUBLISHED, State.SUPERSEDED, State.FAILED})

#: Between the first request for a photo and its cutout in place.
UNDER_WAY = frozenset({State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})

_PHRASES = {
    State.DISCOVERED: "found, waiting to be checked",
    State.ACCEPTED: "accepted, waiting to be uploaded",
    State.REJECTED: "rejected",
    State.UPLOADED: "uploaded, waiting for its removal to be launched",
    State.REMOVAL_INTENDED: "removal being launched",
    State.REMOVAL_STARTED: "removal running at Uploadcare",
    State.REMOVAL_FINISHED: "removal finished, waiting to be fetched",
    State.PUBLISHED: "published",
    State.SUPERSEDED: "superseded by a newer version, or gone",
    State.FAILED: "failed",
}

#: Which state may follow which; the ledger refuses every other step. FAILED may follow all that are not at rest.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DISCOVERED: frozenset({State.ACCEPTED, State.REJECTED, State.SUPERSEDED, State.FAILED}),
    # Straight to PUBLISHED when an earlier cutout of the same content and parameters is reused.
    State.ACCEPTED: frozenset({State.UPLOADED, State.PUBLISHED, State.SUPERSEDED, State.FAILED}),
    State.UPLOADED: frozenset({State.REMOVAL_INTENDED, State.ACCEPTED, State.SUPERSEDED, State.FAILED}),
    # Back to UPLOADED after a definite no: the call was never sent, or a parsed refusal came. Back to it, or to
    # ACCEPTED for a fresh upload, also when what became of the call could not be found out within a bound: this may
    # pay twice. Straight to REMOVAL_FINISHED when its result was found.
    State.REMOVAL_INTENDED: frozenset(
        {State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.UPLOADED, State.ACCEPTED, State.FAILED}
    ),
    # Back to ACCEPTED only when status and result are provably gone (over 24 hours): this pays twice.
    State.REMOVAL_STARTED: frozenset({State.REMOVAL_FINISHED, State.ACCEPTED, State.FAILED}),
    State.REMOVAL_FINISHED: frozenset({State.PUBLISHED, State.SUPERSEDED, State.FAILED}),
    State.REJECTED: frozenset(),
    State.PUBLISHED: frozenset(),
    State.SUPERSEDED: frozenset(),
    State.FAILED: frozenset(),
}


T = TypeVar("T")


def known(value: T | None) -> T:
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

    @property
    def version(self) -> Version:
        """What tells this version of the file from the next."""
        return Version(self.path, self.size_bytes, self.mtime_ns, self.inode)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that became true of a photo; the fields of each kind are named like the photo's own."""

    state: ClassVar[State]


@dataclass(frozen=True, slots=True)
class Accepted(Fact):
    """The file is a whole JPEG or PNG within the limits; parameters and target are bound from here on."""

    state = State.ACCEPTED
    sha256: str
    width: int
    height: int
    orientation: int  #: EXIF orientation, 1 to 8; anything but 1 is sent as an upright copy
    parameters: str  #: remove_bg parameters, normalised JSON
    output: str  #: the output root, absolute
    target: str  #: relative to the output root
    note: str | None  #: what a person should know although all is well


@dataclass(frozen=True, slots=True)
class Uploaded(Fact):
    """The source is at Uploadcare under this UUID."""

    state = State.UPLOADED
    source_uuid: str
    unclear_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalIntended(Fact):
    """The paid call is about to be made; stored before it, so a crash during the call is visible."""

    state = State.REMOVAL_INTENDED


@dataclass(frozen=True, slots=True)
class LaunchRefused(Fact):
    """The paid call was definitely not accepted: nothing was charged."""

    state = State.UPLOADED


@dataclass(frozen=True, slots=True)
class LaunchUnclear(Fact):
    """What became of the paid call was not found out within a bound: launching again may pay twice."""

    state = State.UPLOADED
    unclear_since_s: float  #: Unix time of the first call whose answer was lost
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class UploadAbandoned(Fact):
    """As LaunchUnclear, but the upload is of no use any more (locked or gone), so a fresh one is sent."""

    state = State.ACCEPTED
    source_uuid: None = None
    unclear_since_s: None = None
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class ResultFound(Fact):
    """The result of a call whose answer was lost was found at Uploadcare, and is provably this photo's."""

    state = State.REMOVAL_FINISHED
    result_uuid: str
    unclear_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalStarted(Fact):
    """Uploadcare accepted the paid call."""

    state = State.REMOVAL_STARTED
    request_id: str
    unclear_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalFinished(Fact):
    """The cutout is at Uploadcare under this UUID."""

    state = State.REMOVAL_FINISHED
    result_uuid: str


@dataclass(frozen=True, slots=True)
class UploadExpired(Fact):
    """The upload is gone from Uploadcare (not stored files live 24 hours): it is sent anew, nothing was paid."""

    state = State.ACCEPTED
    source_uuid: None = None


@dataclass(frozen=True, slots=True)
class Published(Fact):
    """The verified cutout is at its mirrored path."""

    state = State.PUBLISHED
    cutout_sha256: str
    cutout_bytes: int
    target: str  #: where it really went: the reserved place, or another when a person put a file there meanwhile
    note: str | None
    reused_from: int | None = None  #: the photo whose cutout this is a copy of; None: this one was paid for


@dataclass(frozen=True, slots=True)
class Ended(Fact):
    """What rejection, failure and supersession have in common: a stable code, a sentence, and what to do."""

    code: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Rejected(Ended):
    """Local validation refused the photo; nothing left this machine."""

    state = State.REJECTED


@dataclass(frozen=True, slots=True)
class Failed(Ended):
    """The service or the disk gave a permanent no."""

    state = State.FAILED


@dataclass(frozen=True, slots=True)
class Superseded(Ended):
    """The file changed or vanished before payment."""

    state = State.SUPERSEDED


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a photo stands still for now, beside its state; attempts count since its last fact."""

    until_s: float  #: Unix time before which the next step is not taken
    attempts: int
    reason: str
    for_photo: int | None = None  #: the photo whose coming to rest ends this wait at once


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
    unclear_since_s: float | None = None
    has_lost_outcome: bool = False
    request_id: str | None = None
    result_uuid: str | None = None
    cutout_sha256: str | None = None
    cutout_bytes: int | None = None
    reused_from: int | None = None
    note: str | None = None
    code: str | None = None
    sentence: str | None = None
    advice: str | None = None

    @property
    def is_upright(self) -> bool:
        """Whether the file can be sent as it is; otherwise a copy is turned as EXIF asks."""
        return self.orientation == 1

    @property
    def story(self) -> str:
        """The state in one clause, with what matters about it."""
        if self.state in {State.REJECTED, State.FAILED, State.SUPERSEDED}:
            return f"{self.state}: {self.sentence} [{self.code}]"
        if self.state is State.PUBLISHED:
            return f"published as {self.target}" + (f" ({self.note})" if self.note else "")
        return self.state.phrase

    def with_fact(self, fact: Fact, at_s: float) -> "Photo":
        """The photo after a fact; waiting ends with it.

        Raises:
            ValueError: the fact may not follow the photo's state.
        """
        if fact.state not in TRANSITIONS[self.state]:
            msg = f"photo {self.id}: {fact.state} may not follow {self.state}"
            raise ValueError(msg)
        return replace(self, state=fact.state, state_at_s=at_s, wait=NO_WAIT, **asdict(fact))
