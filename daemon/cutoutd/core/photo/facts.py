"""The facts about a photo, each with the values that it brings."""

from dataclasses import dataclass
from typing import ClassVar

from cutoutd.core.photo.states import State

#: The rule of a photo that is sent with all its pixels, whatever its folder allows.
SENT_WHOLE = 0

#: The rule of a photo that an earlier version sent as a smaller copy; it did not store the limit.
SENT_SMALLER = -1


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about a photo; its fields have the names of the ledger's columns."""

    state: ClassVar[State]


@dataclass(frozen=True, slots=True)
class Accepted(Fact):
    """The file is a whole JPEG or PNG within the limits; parameters and target are fixed from now on."""

    state = State.ACCEPTED
    sha256: str
    width: int
    height: int
    orientation: int  #: EXIF orientation, 1 to 8; a photo with another one than 1 is sent as an upright copy
    parameters: str  #: remove_bg parameters, normalised JSON
    output: str  #: the output root, absolute
    target: str  #: relative to the output root
    note: str | None  #: something that a person should know although all is well
    picture_sha256: str | None = None  #: of the picture itself, whatever its file says about it
    is_disputed: bool = False  #: True if others may read another orientation, or refuse it: a bare copy is sent
    colours: str | None = None  #: the name of colours other than those of sRGB
    sent_within: int = SENT_WHOLE  #: it is sent as it is, or as a copy of at most so many bytes


@dataclass(frozen=True, slots=True)
class Uploaded(Fact):
    """The source is at Uploadcare under this UUID: the photo itself, its upright copy, or a smaller one."""

    state = State.UPLOADED
    source_uuid: str
    sent_width: int | None = None  #: of a smaller copy; None if the photo was sent in its own size
    sent_height: int | None = None
    sent_as: str | None = None  #: the making of a smaller copy, as a clause
    sent_within: int = SENT_WHOLE  #: the limit in bytes that made it smaller or lossier
    noticed_at_s: None = None
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalIntended(Fact):
    """The paid call follows; the fact is stored before the call, so that a crash during it is visible."""

    state = State.REMOVAL_INTENDED


@dataclass(frozen=True, slots=True)
class LaunchRefused(Fact):
    """The paid call was certainly not accepted, so nothing was charged."""

    state = State.UPLOADED


@dataclass(frozen=True, slots=True)
class LaunchResponseLost(Fact):
    """The paid call was sent, and its response was lost: Uploadcare may have accepted it."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time
    lost_because: str  #: the reason why there is no response
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class EarlierRunNoticed(Fact):
    """The upload says that a removal was made of it, of which neither an answer nor a result is known."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time, from which on its result is looked for
    noticed_at_s: float  #: Unix time
    lost_because: str  #: the reason why there is no response
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class RemovalLocked(Fact):
    """The paid call was refused because an earlier call already runs on this upload."""

    state = State.REMOVAL_INTENDED
    locked_since_s: float  #: Unix time of the first such refusal in a row


@dataclass(frozen=True, slots=True)
class LaunchNotMade(Fact):
    """The paid call was not accepted: the upload shows no removal after any would have ended, and was never locked."""

    state = State.UPLOADED
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class UploadWithdrawn(Fact):
    """The upload was deleted at Uploadcare, so that the paid call cannot be accepted any more if it comes late."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time of the deletion
    source_uuid: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class LaunchPrevented(Fact):
    """The paid call was not accepted, and cannot be: its upload shows no removal, and is deleted. A new one follows."""

    state = State.ACCEPTED
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class LaunchOutcomeUnknown(Fact):
    """The outcome of the paid call was not found in time: another launch may pay twice."""

    state = State.UPLOADED
    unclear_since_s: float  #: Unix time of the last call with a lost response
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class UploadAbandoned(Fact):
    """The outcome of the paid call was not found, and the upload is locked or gone: a new upload follows."""

    state = State.ACCEPTED
    source_uuid: None = None
    unclear_since_s: None = None
    locked_since_s: None = None
    has_lost_outcome: bool = True


@dataclass(frozen=True, slots=True)
class ResultFound(Fact):
    """The result of a call with a lost response was found at Uploadcare, and provably belongs to this photo."""

    state = State.REMOVAL_FINISHED
    result_uuid: str
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True)
class ResultFromWebhook(Fact):
    """A webhook message announced the finished removal of this upload and launch."""

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
    """The upload is gone from Uploadcare (unstored files live 24 hours), and a new one follows; nothing was paid."""

    state = State.ACCEPTED
    source_uuid: None = None


@dataclass(frozen=True, slots=True)
class ResultLost(Fact):
    """A paid result is provably gone from Uploadcare after more than 24 hours: another launch pays twice."""

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
    target: str  #: the final path: the reserved one, or another if a person put a file there meanwhile
    note: str | None
    is_source_due: bool = False  #: True if on_success has still to be applied to the source
    reused_from: int | None = None  #: the photo with the original of this copy; None if this photo was paid for
    doubt: str | None = None  #: a ``Doubt`` that keeps the source in place; None: there is none
    source_sentence: str | None = None  #: why the source stays in place, to show
    previous_parameters: None = None
    reprocess_started_s: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBefore(Published):
    """An earlier version of the file had the same picture: its cutout, present or carried away, is this one's too."""

    parameters: str  #: of that cutout
    output: str  #: the output root of that cutout


@dataclass(frozen=True, slots=True)
class Ended(Fact):
    """The end of a photo without a cutout: a stable code, a sentence, and advice."""

    code: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Rejected(Ended):
    """Local validation refused the photo; nothing left this machine."""

    state = State.REJECTED


@dataclass(frozen=True, slots=True)
class Failed(Ended):
    """The service or the disk refused for good."""

    state = State.FAILED


@dataclass(frozen=True, slots=True)
class Superseded(Ended):
    """The file changed or disappeared before payment, or a newer version was published first.

    It also follows a published photo if the cutout was deleted with its source. A failure ends so if its file is gone.
    """

    state = State.SUPERSEDED


@dataclass(frozen=True, slots=True)
class Dismissed(Fact):
    """A person wants to hear no more of a rejected or failed photo; the row keeps its reason."""

    state = State.DISMISSED


#: The code of a failure with a paid result at Uploadcare that is no picture.
RESULT_DAMAGED = "result_damaged"

#: The code of a failure that concerns neither the photo nor a removal that may be running.
INTERNAL_FAULT = "internal_fault"
