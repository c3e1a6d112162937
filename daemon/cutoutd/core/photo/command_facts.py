"""The facts that a person's command makes true: a retry, or a cutout that is made again."""

from dataclasses import dataclass

from cutoutd.core.photo.facts import SENT_WHOLE, Fact
from cutoutd.core.photo.states import State


@dataclass(frozen=True, slots=True)
class Retry(Fact):
    """A person asked to continue a rejected or failed photo; the reason of its end no longer holds."""

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
    """The source is sent again and a removal launched, because none runs and there is no result."""

    state = State.ACCEPTED
    parameters: str  #: the present ones, because the earlier ones may be the reason of the refusal
    sent_within: int = SENT_WHOLE  #: by the present rules of its folder
    source_uuid: None = None
    request_id: None = None
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySearch(Retry):
    """The outcome of the paid call is still unknown, and is searched for again."""

    state = State.REMOVAL_INTENDED
    unclear_since_s: float  #: Unix time


@dataclass(frozen=True, slots=True)
class RetryPoll(Retry):
    """The removal was accepted, and is polled again."""

    state = State.REMOVAL_STARTED


@dataclass(frozen=True, slots=True)
class RetryDelivery(Retry):
    """The cutout was paid for, and is downloaded again."""

    state = State.REMOVAL_FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprocessed(Fact):
    """A person asked for a new cutout of a published photo; the earlier one stays until it is replaced.

    ``cutout_sha256`` and ``target`` still describe the earlier cutout.
    """

    state = State.ACCEPTED
    parameters: str  #: the present ones
    previous_parameters: str  #: those of the earlier cutout
    reprocess_started_s: float | None  #: Unix time; earlier cutouts are not reused, unless this is None
    sent_within: int = SENT_WHOLE  #: by the present rules of its folder
    source_uuid: None = None
    request_id: None = None
    result_uuid: None = None
    unclear_since_s: None = None
    locked_since_s: None = None
    has_lost_outcome: bool = False
    note: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedReprocessed(Retry):
    """A person asked for a new cutout of a photo with a damaged paid result; it is paid for again."""

    state = State.ACCEPTED
    parameters: str  #: the present ones
    reprocess_started_s: float  #: Unix time; earlier cutouts and results are not reused
    sent_within: int = SENT_WHOLE  #: by the present rules of its folder
    source_uuid: None = None
    request_id: None = None
    result_uuid: None = None
    unclear_since_s: None = None
    locked_since_s: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReprocessCancelled(Fact):
    """No new cutout can be made, because the source is gone or has changed; the earlier cutout stays."""

    state = State.PUBLISHED
    parameters: str  #: of the earlier cutout
    note: str  #: the reason
    previous_parameters: None = None
    reprocess_started_s: None = None
