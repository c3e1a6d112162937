"""Photo and its facts: which may follow which, and what each brings."""

import itertools
from dataclasses import fields

import pytest

from cutoutd.core.photo import (
    TERMINAL,
    TRANSITIONS,
    Accepted,
    DamagedReprocessed,
    Dismissed,
    EarlierRunNoticed,
    Ended,
    Fact,
    Failed,
    LaunchNotMade,
    LaunchOutcomeUnknown,
    LaunchPrevented,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    Published,
    Rejected,
    RemovalFinished,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ReprocessCancelled,
    Reprocessed,
    ResultFound,
    ResultFromWebhook,
    ResultLost,
    Retry,
    RetryDelivery,
    RetryFromStart,
    RetryPoll,
    RetrySearch,
    RetryUpload,
    State,
    Superseded,
    UploadAbandoned,
    Uploaded,
    UploadExpired,
    UploadWithdrawn,
    Wait,
    WaitKind,
    require_value,
)
from cutoutd.core.photo.photo import COLUMNS
from support.ledgers import ACCEPTED, FAILED, REJECTED, SUPERSEDED, identity, with_columns

FACTS: dict[State, Fact] = {
    State.ACCEPTED: ACCEPTED,
    State.REJECTED: REJECTED,
    State.UPLOADED: Uploaded("source"),
    State.REMOVAL_INTENDED: RemovalIntended(),
    State.REMOVAL_STARTED: RemovalStarted("request"),
    State.REMOVAL_FINISHED: RemovalFinished("result"),
    State.PUBLISHED: Published("c" * 64, 10, "a.png", None),
    State.SUPERSEDED: SUPERSEDED,
    State.FAILED: FAILED,
    State.DISMISSED: Dismissed(),
}

KINDS: tuple[type[Fact], ...] = (
    Accepted,
    Uploaded,
    RemovalIntended,
    RemovalLocked,
    LaunchResponseLost,
    LaunchRefused,
    LaunchNotMade,
    UploadWithdrawn,
    LaunchPrevented,
    EarlierRunNoticed,
    LaunchOutcomeUnknown,
    UploadAbandoned,
    ResultFromWebhook,
    ResultFound,
    ResultLost,
    RemovalStarted,
    RemovalFinished,
    UploadExpired,
    Published,
    Rejected,
    Failed,
    Superseded,
    Dismissed,
    RetryFromStart,
    RetryUpload,
    RetrySearch,
    RetryPoll,
    RetryDelivery,
    Reprocessed,
    DamagedReprocessed,
    ReprocessCancelled,
)

#: The table of docs/architecture.md, written out a second time on purpose.
ALLOWED = {
    ("discovered", "accepted"),
    ("discovered", "rejected"),
    ("discovered", "superseded"),
    ("discovered", "failed"),
    ("accepted", "uploaded"),
    ("accepted", "published"),
    ("accepted", "superseded"),
    ("accepted", "failed"),
    ("published", "superseded"),
    ("uploaded", "removal_intended"),
    ("uploaded", "removal_finished"),
    ("uploaded", "accepted"),
    ("uploaded", "published"),
    ("uploaded", "superseded"),
    ("uploaded", "failed"),
    ("removal_intended", "removal_intended"),
    ("removal_intended", "removal_started"),
    ("removal_intended", "removal_finished"),
    ("removal_intended", "uploaded"),
    ("removal_intended", "accepted"),
    ("removal_intended", "failed"),
    ("removal_started", "removal_finished"),
    ("removal_started", "accepted"),
    ("removal_started", "failed"),
    ("removal_finished", "published"),
    ("removal_finished", "accepted"),
    ("removal_finished", "superseded"),
    ("removal_finished", "failed"),
    ("accepted", "removal_finished"),
    ("rejected", "discovered"),
    ("rejected", "dismissed"),
    ("rejected", "superseded"),
    ("failed", "dismissed"),
    ("failed", "superseded"),
    ("dismissed", "accepted"),
    ("dismissed", "removal_intended"),
    ("dismissed", "removal_started"),
    ("dismissed", "removal_finished"),
    ("failed", "accepted"),
    ("failed", "removal_intended"),
    ("failed", "removal_started"),
    ("failed", "removal_finished"),
    ("published", "accepted"),
}

#: What follows when a person asks for it.
ORDERED = {
    (State.REJECTED, State.DISCOVERED),
    (State.FAILED, State.DISCOVERED),
    (State.FAILED, State.ACCEPTED),
    (State.FAILED, State.REMOVAL_INTENDED),
    (State.FAILED, State.REMOVAL_STARTED),
    (State.FAILED, State.REMOVAL_FINISHED),
    (State.PUBLISHED, State.ACCEPTED),
    (State.REJECTED, State.DISMISSED),
    (State.FAILED, State.DISMISSED),
    (State.DISMISSED, State.DISCOVERED),
    (State.DISMISSED, State.ACCEPTED),
    (State.DISMISSED, State.REMOVAL_INTENDED),
    (State.DISMISSED, State.REMOVAL_STARTED),
    (State.DISMISSED, State.REMOVAL_FINISHED),
}


def photo_in(state: State) -> Photo:
    return Photo(id=1, identity=identity(), state=state, state_at_s=1.0, wait=Wait(WaitKind.RETRY, 9.0, 3, "waits"))


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, FACTS)))
def test_facts_follow_each_other_only_as_the_table_says(before: State, after: State) -> None:
    """Every pair of states is either in the table, or refused with both names."""
    if (before, after) in ALLOWED:
        changed = photo_in(before).with_fact(FACTS[after], at_s=5.0)
        assert (changed.state, changed.state_at_s) == (after, 5.0)
    else:
        with pytest.raises(ValueError, match=rf"{after} may not follow {before}$"):
            photo_in(before).with_fact(FACTS[after], at_s=5.0)


def test_every_state_stands_in_the_table() -> None:
    """No state is forgotten, and nothing but an order leads back to discovered."""
    assert set(TRANSITIONS) == set(State)
    back = {before for before, followers in TRANSITIONS.items() if State.DISCOVERED in followers}
    assert back == {State.REJECTED, State.FAILED, State.DISMISSED}


def test_at_rest_means_that_nothing_follows_by_itself() -> None:
    """The states at rest are exactly those that nothing follows, unless a person orders it."""
    by_itself = {before for before, followers in TRANSITIONS.items() for after in followers} - {a for a, _ in ORDERED}
    assert set(State) - by_itself == TERMINAL
    assert all(after in TRANSITIONS[before] for before, after in ORDERED)
    assert {state for state in State if state.is_terminal} == TERMINAL
    assert {"rejected", "published", "superseded", "failed", "dismissed"} == TERMINAL


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_fact_brings_is_the_photos_own(kind: type[Fact]) -> None:
    """The fields of every fact are columns of a photo, so that none is ever lost on the way to its row."""
    assert {field.name for field in fields(kind)} <= COLUMNS.keys()
    assert isinstance(kind.state, State)


def test_every_kind_of_fact_is_looked_at_above() -> None:
    """A new kind of fact must be put into this test."""
    found = {kind.__name__ for kind in (*Fact.__subclasses__(), *Ended.__subclasses__(), *Retry.__subclasses__())}
    assert found - {"Ended", "Retry"} == {kind.__name__ for kind in KINDS}


def test_a_fact_ends_the_wait_and_keeps_the_rest() -> None:
    """A fact brings its own values, ends the wait, and leaves everything else as it was."""
    before = with_columns(photo_in(State.ACCEPTED), sha256="5" * 64, target="a.png")
    after = before.with_fact(Uploaded("source"), at_s=2.0)
    assert (after.upload.source_uuid, after.picture.sha256, after.bound.target) == ("source", "5" * 64, "a.png")
    assert after.wait == Wait(WaitKind.NONE)


def test_an_expired_upload_forgets_its_uuid() -> None:
    """What is gone from Uploadcare is not asked for again."""
    uploaded = photo_in(State.ACCEPTED).with_fact(Uploaded("source"), at_s=2.0)
    assert uploaded.with_fact(UploadExpired(), at_s=3.0).upload.source_uuid is None


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words(state: State) -> None:
    """People never read a slug alone; no two states read alike."""
    assert state.phrase
    assert "_" not in state.phrase
    assert [other.phrase for other in State].count(state.phrase) == 1


def test_a_photo_tells_its_story() -> None:
    """An end is told with its sentence and code, a cutout with its place and note, anything else as it stands."""
    assert photo_in(State.DISCOVERED).with_fact(REJECTED, 2.0).story == "rejected: it is empty (0 bytes) [empty]"
    published = photo_in(State.REMOVAL_FINISHED).with_fact(Published("c", 1, "sub/a.png", "downscaled"), 2.0)
    assert published.story == "published as sub/a.png (downscaled)"
    assert photo_in(State.REMOVAL_STARTED).story == "removal running at Uploadcare"


def test_a_version_is_not_told_by_a_mere_chmod() -> None:
    """The change time is part of the identity, since bytes are trusted by it, but not of the version."""
    assert identity(ctime_ns=1).version == identity(ctime_ns=2).version
    assert identity(mtime_ns=1).version != identity(mtime_ns=2).version


def test_a_contradiction_is_not_passed_on() -> None:
    """A value that a state says is there, and is not, stops the step."""
    assert require_value("uuid") == "uuid"
    with pytest.raises(ValueError, match="lacks"):
        require_value(None)
