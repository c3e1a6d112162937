"""Standing still for a named reason, and going on by itself."""

import logging
from dataclasses import replace

import pytest

from cutoutd.core.errors import (
    AccountBlockedError,
    AddonRefusedError,
    CutoutdError,
    DeliveryRefusedError,
    FailedError,
    HaltError,
    KeysRefusedError,
    RefusableRequest,
    RefusedForNowError,
    UploadsRefusedError,
)
from cutoutd.core.photo import Ending, Photo, State, Wait, WaitKind
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.refusals import SCOPES
from support.clocks import Clock
from support.ledgers import identity

REFUSED = KeysRefusedError("401")


@pytest.fixture
def halt(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def test_nothing_stands_still_at_first(halt: CircuitBreaker) -> None:
    """Without a refusal everything may be sent, and an end that ends nothing is harmless."""
    halt.close()
    assert halt.error is None
    assert halt.probe_in_s == 0
    assert halt.probe_states == ()


def test_probes_grow_rare(halt: CircuitBreaker, clock: Clock) -> None:
    """The first probe comes after a minute, each further no doubles that, up to a quarter of an hour."""
    waits = []
    for _ in range(6):
        halt.open(REFUSED, State.UPLOADED)
        waits.append(halt.probe_in_s)
        clock.now_s += halt.probe_in_s
        assert halt.probe_in_s == 0
    assert waits == [60, 120, 240, 480, 900, 900]


def test_steps_that_were_under_way_change_nothing(halt: CircuitBreaker, clock: Clock) -> None:
    """Further refusals before the next probe neither delay it nor move the place where it is made."""
    halt.open(REFUSED, State.UPLOADED)
    clock.now_s += 10
    halt.open(AccountBlockedError("blocked"), State.ACCEPTED)
    assert halt.probe_in_s == 50
    assert halt.error is REFUSED
    assert halt.probe_states == (State.ACCEPTED, State.UPLOADED)


def test_a_halt_is_told_once_at_each_end(halt: CircuitBreaker, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """However many steps are refused, one line says what is the matter and what to do, and one that it is over."""
    caplog.set_level(logging.INFO, "cutoutd")
    for _ in range(3):
        halt.open(REFUSED, State.UPLOADED)
        clock.now_s += halt.probe_in_s
    halt.close()
    halt.close()
    assert [record.action for record in caplog.records] == ["halted", "resumed"]
    assert "secret key" in caplog.messages[0]


@pytest.mark.parametrize(
    ("at", "to", "is_over"),
    [
        (State.ACCEPTED, State.UPLOADED, True),
        (State.ACCEPTED, State.PUBLISHED, False),  # a free reuse
        (State.ACCEPTED, State.SUPERSEDED, False),
        (State.UPLOADED, State.REMOVAL_STARTED, True),
        (State.UPLOADED, State.ACCEPTED, False),  # the upload had expired
        (State.UPLOADED, State.PUBLISHED, False),
        (State.REMOVAL_STARTED, State.REMOVAL_STARTED, True),  # it was asked, and is not finished yet
        (State.REMOVAL_FINISHED, State.PUBLISHED, True),
        (State.REMOVAL_FINISHED, State.SUPERSEDED, False),
    ],
)
def test_only_what_went_through_the_refused_step_ends_it(clock: Clock, at: State, to: State, *, is_over: bool) -> None:
    """A photo that took a way on which nothing was asked of Uploadcare shows nothing."""
    before = Photo(1, identity(), at, 0.0)
    elsewhere = replace(before, state=State.DISCOVERED)
    for photo, after, ends in (
        (before, replace(before, state=to), is_over),
        (before, replace(before, state=to, wait=Wait(WaitKind.RETRY, 1.0, 1, "no connection")), False),
        (elsewhere, replace(elsewhere, state=to), False),
    ):
        halt = CircuitBreaker(clock)
        halt.open(REFUSED, at)
        halt.note_step(photo, after)
        assert (halt.error is None) is ends


def test_an_answer_about_a_hung_removal_ends_a_halt_that_a_question_began(halt: CircuitBreaker) -> None:
    """It still runs, for far too long: Uploadcare said so, and therefore accepts the keys."""
    halt.open(REFUSED, State.REMOVAL_STARTED)
    before = Photo(1, identity(), State.REMOVAL_STARTED, 0.0)
    halt.note_step(before, replace(before, wait=Wait(WaitKind.OVERDUE, 900.0, 9, "it runs for long")))
    assert halt.error is None


@pytest.mark.parametrize("kind", list(SCOPES))
@pytest.mark.parametrize("request_kind", list(RefusableRequest))
def test_every_reason_has_an_end(
    halt: CircuitBreaker, clock: Clock, kind: type[HaltError], request_kind: RefusableRequest
) -> None:
    """Any accepted request of the refused kind ends it, whoever sent it, unless it was sent before the halt."""
    ended: list[bool] = []
    halt.call_at_end(lambda: ended.append(True))
    halt.open(kind("no").on(request_kind), State.REMOVAL_FINISHED)
    for other in set(RefusableRequest) - {request_kind}:
        halt.note_accepted(other, clock.now_s + 1)
    halt.note_accepted(request_kind, clock.now_s - 1)
    assert (halt.error is None, ended) == (False, [])
    halt.note_accepted(request_kind, clock.now_s + 1)
    assert (halt.error is None, ended) == (True, [True])


def refused(halt: CircuitBreaker, kind: type[HaltError], photo_id: int, state: State) -> CutoutdError | None:
    """Return what one more refusal means for its photo; None: there is a halt."""
    return halt.refuse(kind("403"), Photo(photo_id, identity(), state, 0.0))


def test_a_cutout_that_is_refused_alone_is_its_own_trouble(halt: CircuitBreaker) -> None:
    """One file that is not delivered waits, others go on, and it never stops them."""
    for _ in range(5):
        assert isinstance(refused(halt, DeliveryRefusedError, 1, State.REMOVAL_FINISHED), RefusedForNowError)
        halt.note_accepted(RefusableRequest.DOWNLOAD, 0.0)
    assert halt.error is None


def test_a_refusal_of_many_photos_is_a_halt(halt: CircuitBreaker) -> None:
    """The third photo in a row that is refused shows that it is not about one of them."""
    assert refused(halt, DeliveryRefusedError, 1, State.REMOVAL_FINISHED) is not None
    assert refused(halt, DeliveryRefusedError, 2, State.REMOVAL_FINISHED) is not None
    assert refused(halt, DeliveryRefusedError, 3, State.REMOVAL_FINISHED) is None
    assert halt.error is not None


def test_another_photo_probes_when_the_same_one_fails_again(halt: CircuitBreaker, clock: Clock) -> None:
    """The refused photo is passed over once it was refused twice; if others are accepted, it fails alone in the end."""
    assert refused(halt, AddonRefusedError, 1, State.UPLOADED) is None
    assert halt.suspects == frozenset()
    clock.now_s += halt.probe_in_s
    assert refused(halt, AddonRefusedError, 1, State.UPLOADED) is None
    assert halt.suspects == {1}
    halt.note_accepted(RefusableRequest.LAUNCH, clock.now_s)
    assert isinstance(refused(halt, AddonRefusedError, 1, State.UPLOADED), RefusedForNowError)
    halt.note_accepted(RefusableRequest.LAUNCH, clock.now_s)
    assert isinstance(refused(halt, AddonRefusedError, 1, State.UPLOADED), FailedError)
    assert halt.error is None


def test_another_photo_probes_however_many_were_refused(halt: CircuitBreaker, clock: Clock) -> None:
    """Files that are never delivered do not take all probes for themselves, else a healthy photo would never go on."""
    for photo_id in (1, 2, 3, 4, 1, 2, 3, 4):
        refused(halt, DeliveryRefusedError, photo_id, State.REMOVAL_FINISHED)
        clock.now_s += halt.probe_in_s
    assert halt.error is not None
    assert halt.suspects == {1, 2, 3, 4}


def test_files_that_are_surely_refused_alone_are_no_halt(halt: CircuitBreaker, clock: Clock) -> None:
    """Once others were delivered twice between their refusals, they stop nobody, however many they are."""
    for _ in range(2):
        for photo_id in (1, 2, 3, 4):
            refused(halt, DeliveryRefusedError, photo_id, State.REMOVAL_FINISHED)
        halt.note_accepted(RefusableRequest.DOWNLOAD, clock.now_s)
    for photo_id in (1, 2, 3, 4):
        error = refused(halt, DeliveryRefusedError, photo_id, State.REMOVAL_FINISHED)
        assert isinstance(error, RefusedForNowError)
    assert halt.error is None


def test_a_refused_copy_lets_photos_further_on_probe(halt: CircuitBreaker) -> None:
    """A copy fetches a known cutout first of all; results that wait to be fetched can show that fetching works."""
    halt.open(DeliveryRefusedError("403").on(RefusableRequest.DOWNLOAD), State.ACCEPTED)
    assert halt.probe_states[-1] is State.REMOVAL_FINISHED


def test_uploads_that_fail_alike_are_a_halt(halt: CircuitBreaker) -> None:
    """A rule of the project that cutoutd does not know fails three photos, not a hundred thousand."""
    for number in range(3):
        assert halt.error is None
        before = Photo(number, identity(), State.ACCEPTED, 0.0)
        halt.note_step(before, replace(before, state=State.FAILED, ending=Ending("upload_refused", '400 "No."')))
    assert halt.error is not None
    assert halt.error.reason == "uploads_refused"


def test_the_next_halt_begins_anew(halt: CircuitBreaker, clock: Clock) -> None:
    """After an end the first probe is early again."""
    for _ in range(3):
        halt.open(REFUSED, State.UPLOADED)
        clock.now_s += halt.probe_in_s
    halt.close()
    assert (halt.error, halt.probe_in_s) == (None, 0)
    halt.open(REFUSED, State.ACCEPTED)
    assert halt.probe_in_s == 60


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (UploadsRefusedError, State.ACCEPTED, FailedError("upload_refused", "403; other photos are accepted")),
        (AddonRefusedError, State.UPLOADED, FailedError("removal_failed", "403; other photos are accepted")),
        (DeliveryRefusedError, State.REMOVAL_FINISHED, RefusedForNowError("403", retry_after_s=900.0)),
        (DeliveryRefusedError, State.REMOVAL_STARTED, RefusedForNowError("403", retry_after_s=900.0)),
    ],
)
def test_a_photo_that_is_refused_alone_fails_unless_it_is_paid_for(
    halt: CircuitBreaker, clock: Clock, kind: type[HaltError], state: State, expected: CutoutdError
) -> None:
    """Others are accepted between its refusals. Paid ones are tried again, rarely, and say where to look."""
    requests = {State.ACCEPTED: RefusableRequest.UPLOAD, State.UPLOADED: RefusableRequest.LAUNCH}
    requests |= {State.REMOVAL_STARTED: RefusableRequest.QUESTION, State.REMOVAL_FINISHED: RefusableRequest.DOWNLOAD}
    first = None
    for _ in range(3):
        error = refused(halt, kind, 1, state)
        first = first or error
        halt.note_accepted(requests[state], clock.now_s + 1)
        clock.now_s += 1
    assert isinstance(error, type(expected))
    assert error.sentence == expected.sentence
    if isinstance(error, FailedError) and isinstance(expected, FailedError):
        assert error.code == expected.code
    if isinstance(error, RefusedForNowError):
        assert error.retry_after_s == 900.0
        assert "dashboard" in error.advice
        assert isinstance(first, RefusedForNowError)
        assert (first.retry_after_s, first.sentence) == (None, "403")


def failed_upload(halt: CircuitBreaker, photo_id: int, words: str = "No.", code: str = "upload_refused") -> None:
    before = Photo(photo_id, identity(), State.ACCEPTED, 0.0)
    halt.note_step(before, replace(before, state=State.FAILED, ending=Ending(code, words)))


def sent(halt: CircuitBreaker) -> None:
    before = Photo(9, identity(), State.ACCEPTED, 0.0)
    halt.note_step(before, replace(before, state=State.UPLOADED))


@pytest.mark.parametrize(
    "steps",
    [
        [(1, "No."), (2, "No."), (3, "Too large.")],
        [(1, "No."), (2, "No."), (2, "No.")],
        [(1, "No."), (2, "No."), (3, "No.", "other_code")],
        [(1, "No."), (2, "No."), None, (3, "No.")],
        [(1, "No."), (2, "No."), RefusableRequest.UPLOAD, (3, "No.")],
    ],
    ids=["other words", "the same photo", "another code", "one was sent", "another request was accepted"],
)
def test_uploads_that_fail_for_themselves_are_no_halt(halt: CircuitBreaker, clock: Clock, steps: list[object]) -> None:
    """Only different photos in a row, in the same words of Uploadcare, show a rule of the project."""
    for step in steps:
        if isinstance(step, RefusableRequest):
            halt.note_accepted(step, clock.now_s)
        elif isinstance(step, tuple):
            failed_upload(halt, *step)
        else:
            sent(halt)
    assert halt.error is None


def test_a_halt_of_all_uploads_says_what_to_do_and_ends_with_an_upload(halt: CircuitBreaker, clock: Clock) -> None:
    """The photos that failed already are tried again by a command; the refused step is the upload."""
    for photo_id in range(3):
        failed_upload(halt, photo_id)
    assert halt.error is not None
    assert "retry --failed" in halt.error.advice
    assert halt.error.sentence == "No."
    assert halt.probe_states == (State.ACCEPTED,)
    halt.note_accepted(RefusableRequest.UPLOAD, clock.now_s)
    assert halt.error is None


def test_a_refusal_about_the_project_has_no_suspects(halt: CircuitBreaker, clock: Clock) -> None:
    """Wrong keys are no photo's fault, so the one that is furthest on probes again."""
    for _ in range(2):
        halt.refuse(REFUSED, Photo(1, identity(), State.UPLOADED, 0.0))
        clock.now_s += halt.probe_in_s
    assert halt.error is not None
    assert halt.suspects == frozenset()


def test_a_single_doubt_during_a_halt_is_a_refused_probe(halt: CircuitBreaker, clock: Clock) -> None:
    """It is not answered on its own, because while all stands still no other photo will show what it is about."""
    halt.open(REFUSED, State.UPLOADED)
    clock.now_s += halt.probe_in_s
    assert refused(halt, DeliveryRefusedError, 1, State.REMOVAL_FINISHED) is None
    assert halt.probe_in_s == 120


def test_a_photos_own_acceptance_ends_the_doubt_about_it(halt: CircuitBreaker) -> None:
    """Its next refusal is a first one again, and about the project: no other photo showed that it is alone."""
    assert refused(halt, AddonRefusedError, 1, State.UPLOADED) is None
    before = Photo(1, identity(), State.UPLOADED, 0.0)
    halt.note_step(before, replace(before, state=State.REMOVAL_STARTED))
    assert halt.error is None
    assert refused(halt, AddonRefusedError, 1, State.UPLOADED) is None
    assert halt.error is not None


@pytest.mark.parametrize(
    ("at", "before", "after", "is_over"),
    [
        (State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED, True),  # both are questions
        (State.UPLOADED, State.ACCEPTED, State.UPLOADED, False),
        (State.UPLOADED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED, False),
    ],
)
def test_only_a_request_of_the_refused_kind_ends_a_halt(
    halt: CircuitBreaker, at: State, before: State, after: State, *, is_over: bool
) -> None:
    """It shows the same at another step; requests of other kinds show nothing."""
    halt.open(REFUSED, at)
    photo = Photo(1, identity(), before, 0.0)
    halt.note_step(photo, replace(photo, state=after))
    assert (halt.error is None) is is_over
