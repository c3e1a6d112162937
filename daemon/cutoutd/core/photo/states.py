"""The states of a photo and their permitted order.

A photo's state is the name of its last fact, and the next step follows from it. No state means "in progress", so a
crash leaves nothing to clean up.
"""

from enum import StrEnum
from typing import Self


class State(StrEnum):
    """The name of a photo's last fact, as the ledger stores it, and the state in words for people."""

    phrase: str

    DISCOVERED = "discovered", "found, waiting to be checked"
    ACCEPTED = "accepted", "accepted, waiting to be uploaded"
    REJECTED = "rejected", "rejected"
    UPLOADED = "uploaded", "uploaded, waiting for its removal to be launched"
    REMOVAL_INTENDED = "removal_intended", "removal being launched"
    REMOVAL_STARTED = "removal_started", "removal running at Uploadcare"
    REMOVAL_FINISHED = "removal_finished", "removal finished, waiting to be fetched"
    PUBLISHED = "published", "published"
    SUPERSEDED = "superseded", "superseded by a newer version, or gone"
    FAILED = "failed", "failed"
    DISMISSED = "dismissed", "dismissed by a person"

    def __new__(cls, name: str, phrase: str = "") -> Self:
        """Make a state that is equal to its name."""
        state = str.__new__(cls, name)
        state._value_ = name
        state.phrase = phrase  # no property, because each step of each photo says its state
        return state

    @property
    def is_terminal(self) -> bool:
        """True if no further step follows without a command."""
        return self in TERMINAL


TERMINAL = frozenset({State.REJECTED, State.PUBLISHED, State.SUPERSEDED, State.FAILED, State.DISMISSED})

#: The states before payment, in which the source is still needed, and may change or disappear.
UNPAID = frozenset({State.DISCOVERED, State.ACCEPTED, State.UPLOADED})

#: The states between the upload of a photo and its published cutout.
AT_UPLOADCARE = frozenset({State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})

#: The states between the paid call and the published cutout; only one photo of a picture stands here.
PAID_FOR = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})

#: The states to which ``retry`` leads: a paid result is downloaded, and a possible removal is polled.
_RETRIED = frozenset(
    {State.DISCOVERED, State.ACCEPTED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED}
)

#: The states that may follow each state; the ledger refuses all others. FAILED may follow every state that is not
#: terminal. REJECTED, FAILED and DISMISSED go on only by the command ``retry``, and PUBLISHED by ``reprocess``.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DISCOVERED: frozenset({State.ACCEPTED, State.REJECTED, State.SUPERSEDED, State.FAILED}),
    # PUBLISHED follows directly if an earlier cutout with the same content and parameters is reused. It follows
    # UPLOADED if that cutout was still in progress before. REMOVAL_FINISHED follows both if a webhook announces the
    # result of an earlier launch that counted as lost.
    State.ACCEPTED: frozenset(
        {State.UPLOADED, State.REMOVAL_FINISHED, State.PUBLISHED, State.SUPERSEDED, State.FAILED}
    ),
    State.UPLOADED: frozenset(
        {
            State.PUBLISHED,
            State.REMOVAL_INTENDED,
            State.REMOVAL_FINISHED,
            State.ACCEPTED,
            State.SUPERSEDED,
            State.FAILED,
        }
    ),
    # The state repeats if the response was lost, or if the upload is locked.
    # UPLOADED follows a certain refusal: the call was never sent, a parsed refusal came, or the upload shows that no
    # removal was made of it. UPLOADED, or ACCEPTED for a new upload, also follows if the outcome stays unknown for too
    # long. This may pay twice. REMOVAL_FINISHED follows
    # directly if the result was found.
    State.REMOVAL_INTENDED: frozenset(
        {
            State.REMOVAL_INTENDED,
            State.REMOVAL_STARTED,
            State.REMOVAL_FINISHED,
            State.UPLOADED,
            State.ACCEPTED,
            State.FAILED,
        }
    ),
    # ACCEPTED follows only if status and result are provably gone (after over 24 hours). This pays twice.
    State.REMOVAL_STARTED: frozenset({State.REMOVAL_FINISHED, State.ACCEPTED, State.FAILED}),
    # ACCEPTED follows only if the result is provably gone (after over 24 hours). This pays twice.
    State.REMOVAL_FINISHED: frozenset({State.PUBLISHED, State.ACCEPTED, State.SUPERSEDED, State.FAILED}),
    # SUPERSEDED follows if the file was removed, renamed or replaced, so that no failure is left to be seen to.
    State.REJECTED: frozenset({State.DISCOVERED, State.DISMISSED, State.SUPERSEDED}),
    # SUPERSEDED follows if the cutout was deleted with its source. A source that comes back is a new photo.
    State.PUBLISHED: frozenset({State.ACCEPTED, State.SUPERSEDED}),
    State.SUPERSEDED: frozenset(),
    # SUPERSEDED as above, but not while a paid result can still be fetched.
    State.FAILED: _RETRIED | {State.DISMISSED, State.SUPERSEDED},
    # The row stays, so the same file is not tried again by itself.
    State.DISMISSED: _RETRIED,
}
