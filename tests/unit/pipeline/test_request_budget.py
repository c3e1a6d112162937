"""What a photo may cost in a day of trouble: each request that can be repeated has an end to its pace."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.core.errors import (
    DelayError,
    NeverSentError,
    NotDeliveredError,
    NotReadyError,
    RemovalLockedError,
    ResultDamagedError,
    ResultGoneError,
    ThrottledError,
    UnreachableError,
    UploadGoneError,
)
from cutoutd.core.periodic import GrowingRest
from cutoutd.core.photo import Photo, State, Uploaded, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.pipeline.backoff import backoff, quick_repeats, wait_for_traces
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching.launch import Launcher
from cutoutd.uploadcare.responses import Progress, RemovalStatus
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.ledgers import identity, photo_at, with_ledger

DAY_S = 86_400.0

#: The most operations of one photo in one day, whatever it meets. A step asks at most twice.
MOST = 500

LUCK = pytest.mark.parametrize("luck", [0.0, 0.5, 0.999])


def tries_in_a_day(next_wait: Callable[[int, float], Wait]) -> int:
    """How often a step is taken that never gets another answer."""
    now_s, tries, attempts = 0.0, 0, 0
    while now_s < DAY_S:
        tries += 1
        wait = next_wait(attempts, now_s)
        now_s, attempts = max(now_s, wait.until_s) + 0.05, wait.attempts  # a request takes some time
    return tries


@LUCK
@pytest.mark.parametrize(
    ("error", "operations"),
    [
        (NotDeliveredError("the CDN answers 404"), 2),
        (NotReadyError("still processed"), 1),
        (UploadGoneError("gone"), 2),
        (ResultGoneError("gone"), 2),
        (RemovalLockedError("409", retry_after_s=60.0), 1),
        (UnreachableError("503"), 1),
        (ThrottledError("429", retry_after_s=0.0), 1),
        (ThrottledError("429", retry_after_s=1.0), 1),
        (ResultDamagedError("no PNG"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, DelayError) else "",
)
def test_the_same_answer_all_day_costs_a_few_hundred_operations(
    error: DelayError, operations: int, luck: float
) -> None:
    """However the chance falls that spreads the tries."""
    tries = tries_in_a_day(lambda attempts, now_s: backoff(error, attempts, now_s, jitter=lambda: luck))
    assert tries * operations <= MOST


@LUCK
def test_a_look_for_a_lost_launch_repeats_its_questions_in_its_first_tries_only(luck: float) -> None:
    """In an outage of a day the repetitions are a few of the operations, not two thirds."""
    operations = 0

    def next_wait(attempts: int, now_s: float) -> Wait:
        nonlocal operations
        operations += 1 + quick_repeats(attempts)
        return backoff(UnreachableError("503"), attempts, now_s, jitter=lambda: luck)

    tries_in_a_day(next_wait)
    assert quick_repeats(0) == 2
    assert operations <= MOST


@LUCK
def test_looks_for_a_lost_launch_become_rare_by_its_age(luck: float) -> None:
    """One that is looked for all day costs two operations for each look."""
    looks = tries_in_a_day(lambda _, now_s: wait_for_traces(now_s, now_s, "looked for", jitter=lambda: luck))
    assert 2 * looks <= MOST


@LUCK
def test_what_costs_nothing_goes_on_at_its_pace(luck: float) -> None:
    """Without a connection nothing is billed, and the end of an outage is noticed soon."""
    error = NeverSentError("no connection")
    assert tries_in_a_day(lambda attempts, now_s: backoff(error, attempts, now_s, jitter=lambda: luck)) > DAY_S / 26


@LUCK
@pytest.mark.parametrize("progress", [Progress.IN_PROGRESS, Progress.UNKNOWN])
def test_a_removal_that_never_ends_costs_a_few_hundred_polls(progress: Progress, luck: float) -> None:
    """It was paid for, so it is asked about for as long as it may end, ever more rarely."""
    schedule = PollSchedule([1.0] * 50, jitter=lambda: luck)
    photo = Photo(1, identity(), State.REMOVAL_STARTED, 0.0)

    def next_wait(attempts: int, now_s: float) -> Wait:
        polled = Photo(1, identity(), State.REMOVAL_STARTED, photo.state_at_s, Wait(WaitKind.POLL, now_s, attempts))
        schedule.on_poll_unfinished(polled, RemovalStatus(progress), now_s)
        return schedule.next_wait(polled, now_s)

    assert tries_in_a_day(next_wait) <= MOST


def test_a_batch_that_is_refused_all_day_costs_a_few_dozen_requests() -> None:
    """Deleting files and storing results rest longer after each refusal, and as before after a success."""
    rest, now_s, tries = GrowingRest(30.0, 3600.0), 0.0, 0
    while now_s < DAY_S:
        tries += 1
        now_s += rest.after(is_done=False)
    assert tries <= 40
    assert rest.after(is_done=True) == 30.0


def test_an_upload_that_vanishes_each_time_is_sent_ever_more_rarely(tmp_path: Path) -> None:
    """An upload costs three operations: after three in vain the photo waits, at last for an hour."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> list[float]:
        context = StepContext(ledger, uploadcare, folders_of(folder_in(tmp_path)))  # type: ignore[arg-type]  # a stand-in
        launcher = Launcher(context, unlimited_budget(ledger, tmp_path), lambda: 1.0)
        photo, waits_s = await photo_at(ledger, State.UPLOADED), []
        for number in range(12):
            photo = await launcher.renew_upload(photo)
            waits_s.append(round(max(0.0, photo.wait.until_s - time.time()), -1))
            assert ("in vain" in photo.wait.reason) is (waits_s[-1] > 0)
            photo = await ledger.record(photo, Uploaded(f"again-{number}"))
        return waits_s

    waits_s = with_ledger(tmp_path, scene)
    assert waits_s[:4] == [0.0, 0.0, 60.0, 240.0]
    assert waits_s == sorted(waits_s)
    assert 3500 < waits_s[-1] <= 3600
