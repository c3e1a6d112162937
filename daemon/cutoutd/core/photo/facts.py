"""What can become true of a photo; the fields of each kind of fact are named like the photo's own."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from cutoutd.core.photo.states import State


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that became true of a photo; the fields of each kind are named like the photo's own."""

    state: ClassVar[State]

    def values(self) -> dict[str, Any]:
        """Return the fact's values, each by the name of its column in the ledger."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


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
    """The source is at Uploadcare under this UUID: the photo itself, its upright copy, or a smaller one."""

    state = State.UPLOADED
    source_uuid: str
    sent_width: int | None = None  #: of a smaller copy; None: what was sent has the photo's own size
    sent_height: int | None = None
    sent_as: str | None = None  #: what was done to make a smaller copy, as a clause
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalIntended(Fact):
    """The paid call is about to be made; stored before it, so a crash during the call is visible."""

    state = State.REMOVAL_INTENDED


@dataclass(frozen=True, slots=True)
class LaunchRefused(Fact):
    """The paid call was definitely not accepted: nothing was charged."""

    state = State.UPLOADED


@dataclass(frozen=True, slots=True)
class LaunchResponseLost(Fact):
    """The paid call was sent, and no answer of Uploadcare's came: it may have been accepted."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time
    lost_because: str  #: what came, or did not come, instead of the answer
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalLocked(Fact):
    """The paid call was refused because the add-on is at work on this upload: an earlier call must have started it."""

    state = State.REMOVAL_INTENDED
    locked_since_s: float  #: Unix time of the first such refusal in a row


@dataclass(frozen=True, slots=True)
class LaunchOutcomeUnknown(Fact):
    """What became of the paid call was not found out within a bound: launching again may pay twice."""

    state = State.UPLOADED
    unclear_since_s: float  #: Unix time of the last call whose answer was lost
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class UploadAbandoned(Fact):
    """As LaunchUnclear, but the upload is of no use any more (locked or gone), so a fresh one is sent."""

    state = State.ACCEPTED
    source_uuid: None = None
    unclear_since_s: None = None
    locked_since_s: None = None
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class ResultFound(Fact):
    """The result of a call whose answer was lost was found at Uploadcare, and is provably this photo's."""

    state = State.REMOVAL_FINISHED
    result_uuid: str
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class ResultFromWebhook(Fact):
    """Uploadcare told by itself that the removal is finished, with the upload and the launch it belongs to."""

    state = State.REMOVAL_FINISHED
    result_uuid: str
    request_id: str
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalStarted(Fact):
    """Uploadcare accepted the paid call."""

    state = State.REMOVAL_STARTED
    request_id: str
    unclear_since_s: None = None
    locked_since_s: None = None


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
class ResultLost(Fact):
    """What was paid for is provably gone from Uploadcare, which took more than 24 hours: a launch anew pays twice."""

    state = State.ACCEPTED
    source_uuid: None = None
    unclear_since_s: None = None
    request_id: None = None
    result_uuid: None = None
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class Published(Fact):
    """The verified cutout is at its mirrored path."""

    state = State.PUBLISHED
    cutout_sha256: str
    cutout_bytes: int
    target: str  #: where it really went: the reserved place, or another when a person put a file there meanwhile
    note: str | None
    is_source_due: bool = False  #: whether on_success has still to be done to the source
    reused_from: int | None = None  #: the photo whose cutout this is a copy of; None: this one was paid for
    previous_parameters: None = None
    reprocess_started_s: None = None


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


#: The code of a failure that says nothing about the photo, nor about a removal that may be running.
INTERNAL_FAULT = "internal_fault"


@dataclass(frozen=True, slots=True)
class Retry(Fact):
    """A person asked for a rejected or failed photo to go on; what was told of its end no longer holds."""

    code: None = None
    sentence: None = None
    advice: None = None
    failed_state: None = None


@dataclass(frozen=True, slots=True)
class RetryFromStart(Retry):
    """The file is examined again."""

    state = State.DISCOVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryUpload(Retry):
    """The source is sent again and a removal launched: none runs, and there is no result."""

    state = State.ACCEPTED
    parameters: str  #: bound anew, because an earlier binding may be what was refused
    source_uuid: None = None
    request_id: None = None
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySearch(Retry):
    """It is still open what became of the paid call, so its outcome is looked for again."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time


@dataclass(frozen=True, slots=True)
class RetryPoll(Retry):
    """The removal was accepted, and is asked about again."""

    state = State.REMOVAL_STARTED


@dataclass(frozen=True, slots=True)
class RetryDelivery(Retry):
    """The cutout was paid for and is fetched again."""

    state = State.REMOVAL_FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprocessed(Fact):
    """A person asked for a published photo's cutout to be made anew; the earlier one stays until it is replaced.

    ``cutout_sha256`` and ``target`` go on telling of the earlier cutout.
    """

    state = State.ACCEPTED
    parameters: str  #: bound anew
    previous_parameters: str  #: of the cutout that stands
    reprocess_started_s: float | None  #: Unix time; earlier cutouts are not reused. None: they may be
    source_uuid: None = None
    request_id: None = None
    result_uuid: None = None
    unclear_since_s: None = None
    locked_since_s: None = None
    has_lost_outcome: bool = False
    note: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReprocessCancelled(Fact):
    """A cutout was to be made anew, and the source is gone or another by now: the earlier cutout stands."""

    state = State.PUBLISHED
    parameters: str  #: of the earlier cutout
    note: str  #: why there is no other
    previous_parameters: None = None
    reprocess_started_s: None = None
