"""The states a photo can be in, each the name of its last fact, and the order in which facts may follow."""

from enum import StrEnum


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
    def is_terminal(self) -> bool:
        """Whether nothing more happens to the photo by itself."""
        return self in TERMINAL


TERMINAL = frozenset({State.REJECTED, State.PUBLISHED, State.SUPERSEDED, State.FAILED})

#: Before payment: the source is still needed, and may change or vanish.
UNPAID = frozenset({State.DISCOVERED, State.ACCEPTED, State.UPLOADED})

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

#: Which state may follow which; the ledger refuses every other step. FAILED may follow all that are not at rest. What
#: follows REJECTED and FAILED follows when a person asks for it (``retry``), and what follows PUBLISHED as well
#: (``reprocess``).
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DISCOVERED: frozenset({State.ACCEPTED, State.REJECTED, State.SUPERSEDED, State.FAILED}),
    # Straight to PUBLISHED when an earlier cutout of the same content and parameters is reused; from UPLOADED when
    # that one was under way at the time.
    State.ACCEPTED: frozenset({State.UPLOADED, State.PUBLISHED, State.SUPERSEDED, State.FAILED}),
    # To REMOVAL_FINISHED when the result of an earlier launch, given up as lost, is announced before the next one.
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
    # Itself again when the answer was lost or a lock was met.
    # Back to UPLOADED after a definite no: the call was never sent, or a parsed refusal came. Back to it, or to
    # ACCEPTED for a fresh upload, also when what became of the call could not be found out within a bound: this may
    # pay twice. Straight to REMOVAL_FINISHED when its result was found.
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
    # Back to ACCEPTED only when status and result are provably gone (over 24 hours): this pays twice.
    State.REMOVAL_STARTED: frozenset({State.REMOVAL_FINISHED, State.ACCEPTED, State.FAILED}),
    # Back to ACCEPTED only when the result is provably gone (over 24 hours): this pays twice.
    State.REMOVAL_FINISHED: frozenset({State.PUBLISHED, State.ACCEPTED, State.SUPERSEDED, State.FAILED}),
    State.REJECTED: frozenset({State.DISCOVERED}),
    # To SUPERSEDED when its cutout was deleted because its source was removed: a source that comes back is a new photo.
    State.PUBLISHED: frozenset({State.ACCEPTED, State.SUPERSEDED}),
    State.SUPERSEDED: frozenset(),
    # To the furthest fact that still holds: a paid result is fetched, a removal that may run is asked about.
    State.FAILED: frozenset(
        {
            State.DISCOVERED,
            State.ACCEPTED,
            State.REMOVAL_INTENDED,
            State.REMOVAL_STARTED,
            State.REMOVAL_FINISHED,
        }
    ),
}
