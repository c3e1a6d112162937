"""Lanes: how many steps at once, in which order, and what a halt, a bug and a stop do to them."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cutoutd.config.settings import Concurrency, FolderSettings
from cutoutd.core.errors import (
    AddonRefusedError,
    DeliveryRefusedError,
    HaltError,
    KeysRefusedError,
    NeverSentError,
    ThrottledError,
    UploadGoneError,
    UploadsRefusedError,
)
from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.pipeline.backoff import backoff
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import stages_for
from cutoutd.pipeline.scheduling.step_runner import RunCounts, StepRunner, Timing
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.uploadcare.connections import Throttle
from support.clocks import Clock
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.images.drawn_photos import jpeg
from support.ledgers import identity, identity_of, in_database, photo_at, with_ledger
from support.pipelines import pipeline_of

PATIENCE_S = 60.0

#: Stages that nothing woke look again soon.
SOON = Timing(poll_ledger_s=0.02, ledger_trouble_wait_s=0.02)


class RunningClock:
    """This machine's monotonic seconds, which a test sets forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@dataclass
class House:
    """Lanes at work: a real ledger, real files, and a stand-in for Uploadcare."""

    ledger: Ledger
    folder: FolderSettings
    uploadcare: FakeUploadcare
    halt: CircuitBreaker
    clock: Clock  #: the halt's
    rate_clock: RunningClock
    tally: RunCounts
    lanes: WorkerPool

    async def drop(self, *names: str) -> None:
        """Photos arrive."""
        for name in names:
            (self.folder.input / name).write_bytes(jpeg())
            photo = await self.ledger.discover(identity_of(self.folder.input, name))
            assert photo is not None
            self.lanes.begin(photo)

    async def count(self, *states: State) -> int:
        return await self.ledger.query(photo_queries.count, states)

    async def until(self, state: State, photos: int) -> None:
        """Return when so many photos stand at this state."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.count(state) != photos:
                await self.lanes.next_step(within_s=0.05)


@asynccontextmanager
async def house(
    place: Path, concurrency: Concurrency, launches_per_minute: int = 100_000, timing: Timing = SOON
) -> AsyncIterator[House]:
    folder, uploadcare, clock, tally = folder_in(place), FakeUploadcare(), Clock(), RunCounts()
    halt, rate_clock = CircuitBreaker(clock), RunningClock()
    async with open_ledger(place) as ledger:
        # Removals that are known to take no time are asked about at once.
        spending = unlimited_budget(ledger, place, launches_per_minute=launches_per_minute, clock=rate_clock)
        journey = pipeline_of(ledger, uploadcare, folders_of(folder), spending, PollSchedule([0.0] * 5))
        await ledger.count_photos()
        steps = StepRunner(ledger, journey, halt, tally, timing)
        lanes = WorkerPool(ledger, steps, stages_for(concurrency, spending.rate, Throttle()))
        yield House(ledger, folder, uploadcare, halt, clock, rate_clock, tally, lanes)


def played(
    place: Path,
    scene: Callable[[House], Coroutine[Any, Any, None]],
    concurrency: Concurrency | None = None,
    timing: Timing = SOON,
) -> FakeUploadcare:
    """Play a scene while the lanes work; the stand-in knows what they asked for."""

    async def play() -> FakeUploadcare:
        async with house(place, concurrency or Concurrency(), timing=timing) as opened, asyncio.TaskGroup() as tasks:
            tasks.create_task(opened.lanes.run())
            await scene(opened)
            opened.lanes.stop()
        return opened.uploadcare

    return asyncio.run(play())


NAMES = [f"{number:02}.jpg" for number in range(12)]


def test_every_photo_goes_all_the_way_once(tmp_path: Path) -> None:
    """Each photo is sent, launched, asked about and fetched once, and is never in two steps at the same time."""
    tallies: list[RunCounts] = []

    async def scene(house: House) -> None:
        tallies.append(house.tally)
        await house.drop(*NAMES)
        await house.until(State.PUBLISHED, len(NAMES))

    uploadcare = played(tmp_path, scene)
    # A step tells only after the ledger has its fact, so the tally is complete when the lanes have ended.
    assert tallies[0].at(State.PUBLISHED) == tallies[0].met == len(NAMES)
    for method in ("upload_source", "start_removal", "get_removal_status", "fetch_cutout"):
        assert sorted(what for name, what in uploadcare.calls if name == method) == NAMES
    assert {uploadcare.at_once[name] for name in NAMES} == {1}
    assert {file.name for file in (tmp_path / "out").iterdir()} == {name.replace(".jpg", ".png") for name in NAMES}


def test_a_lane_is_as_wide_as_it_is_and_no_wider(tmp_path: Path) -> None:
    """As many photos are sent and fetched side by side as configured, never more."""

    async def scene(house: House) -> None:
        for method, width in (("upload_source", 3), ("fetch_cutout", 2)):
            gate = house.uploadcare.hold(method)
            if method == "upload_source":
                await house.drop(*NAMES)
            await asyncio.wait_for(house.uploadcare.called(method, width), PATIENCE_S)
            gate.set()
        await house.until(State.PUBLISHED, len(NAMES))

    uploadcare = played(tmp_path, scene, Concurrency(uploads=3, removals=64, downloads=2))
    assert (uploadcare.most["upload_source"], uploadcare.most["fetch_cutout"]) == (3, 2)


def test_nothing_runs_too_far_ahead(tmp_path: Path) -> None:
    """Uploads wait for launches, and launches for paid photos on their way, so that neither pile up."""
    facts: list[State] = []
    names = [f"{number}.jpg" for number in range(15)]

    async def scene(house: House) -> None:
        gate = house.uploadcare.hold("fetch_cutout")
        await house.drop(*names)
        await asyncio.wait_for(house.uploadcare.called("start_removal", 3), PATIENCE_S)
        await asyncio.wait_for(house.uploadcare.called("upload_source", 11), PATIENCE_S)
        await asyncio.wait_for(house.uploadcare.called("fetch_cutout"), PATIENCE_S)
        await asyncio.sleep(0.2)  # in which nothing must happen
        assert house.uploadcare.count("start_removal") == 3
        assert house.uploadcare.count("upload_source") == 11
        gate.set()
        await house.until(State.PUBLISHED, len(names))
        facts.extend(event.to_state for event in await house.ledger.query(photo_queries.history, None, 1000))

    played(tmp_path, scene, Concurrency(uploads=1, removals=3, downloads=1))
    # In the ledger's order: that of the calls differs from it by what one step does while another's fact is stored.
    sent = launched = published = 0
    for state in facts:
        sent += state is State.UPLOADED
        launched += state is State.REMOVAL_INTENDED
        published += state is State.PUBLISHED
        assert sent - launched <= 8
        assert launched - published <= 3
    assert sent == launched == published == len(names)


def test_photos_whose_share_is_away_hold_nobody_up(tmp_path: Path) -> None:
    """Uploads run ahead of launches by a bounded number; those that wait for their source do not count."""

    async def scene() -> None:
        async with house(tmp_path, Concurrency(uploads=1)) as lived_in:
            for number in range(9):
                photo = await photo_at(lived_in.ledger, State.UPLOADED, identity(f"away/{number}.jpg"))
                await lived_in.ledger.postpone(photo, Wait(WaitKind.UNAVAILABLE, time.time() + 60, 1, "away"))
            running = asyncio.create_task(lived_in.lanes.run())
            await lived_in.drop("a.jpg")
            await lived_in.until(State.PUBLISHED, 1)
            lived_in.lanes.stop()
            await running

    asyncio.run(scene())


def test_a_photo_that_waits_is_left_alone(tmp_path: Path) -> None:
    """No step is taken before a photo's wait is over, and soon after it is."""
    began_s, folder = time.time(), folder_in(tmp_path)

    async def postpone(ledger: Ledger) -> None:
        for name, until_s in (("later.jpg", began_s + 1), ("never.jpg", began_s + 1e6)):
            (folder.input / name).write_bytes(jpeg())
            photo = await ledger.discover(identity_of(folder.input, name))
            assert photo is not None
            await ledger.postpone(photo, Wait(WaitKind.RETRY, until_s, 1, "the disk is full"))

    async def scene(house: House) -> None:
        await house.drop("now.jpg")
        await house.until(State.PUBLISHED, 2)
        assert time.time() >= began_s + 1
        assert await house.count(State.DISCOVERED) == 1

    with_ledger(tmp_path, postpone)
    uploadcare = played(tmp_path, scene)
    assert {what for _, what in uploadcare.calls} == {"now.jpg", "later.jpg"}


def test_a_halt_stops_sending_but_not_checking(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the keys are refused photos are still found and checked; one probe later everything goes on."""
    caplog.set_level(logging.INFO, "cutoutd")

    async def scene(house: House) -> None:
        house.uploadcare.fail("upload_source", KeysRefusedError("401"), KeysRefusedError("401"))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("upload_source"), PATIENCE_S)
        await house.drop(*NAMES)
        await house.until(State.ACCEPTED, len(NAMES) + 1)
        assert house.uploadcare.count("upload_source") == 1
        house.clock.now_s += 60
        await asyncio.wait_for(house.uploadcare.called("upload_source", 2), PATIENCE_S)
        await asyncio.sleep(0.2)  # in which nothing must happen
        assert house.uploadcare.count("upload_source") == 2
        assert house.halt.probe_in_s == 120
        house.clock.now_s += 120
        await house.until(State.PUBLISHED, len(NAMES) + 1)
        assert house.halt.error is None

    played(tmp_path, scene)
    said = [record.action for record in caplog.records if record.action in {"halted", "resumed"}]
    assert said == ["halted", "resumed"]


def test_only_the_step_that_was_refused_shows_that_it_no_longer_is(tmp_path: Path) -> None:
    """While the add-on is refused nothing is uploaded in vain, and uploads that went well end nothing."""

    async def scene(house: House) -> None:
        house.uploadcare.fail("start_removal", AddonRefusedError("403"), AddonRefusedError("403"))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("start_removal"), PATIENCE_S)
        await house.drop(*NAMES)
        await house.until(State.ACCEPTED, len(NAMES))
        gate = house.uploadcare.hold("start_removal")
        house.clock.now_s += 60
        await asyncio.wait_for(house.uploadcare.called("start_removal", 2), PATIENCE_S)
        await asyncio.sleep(0.2)  # in which nothing must happen
        assert house.uploadcare.count("upload_source") == 1
        gate.set()
        await house.lanes.next_step(within_s=PATIENCE_S)
        assert house.halt.error is not None
        house.clock.now_s += 120
        await house.until(State.PUBLISHED, len(NAMES) + 1)

    played(tmp_path, scene)


def test_a_probe_that_finds_its_photo_gone_does_not_end_in_a_standstill(tmp_path: Path) -> None:
    """When the photo that would have probed is superseded, the next one shows how things are."""

    async def scene(house: House) -> None:
        house.uploadcare.fail("upload_source", KeysRefusedError("401"))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("upload_source"), PATIENCE_S)
        await house.drop("second.jpg")
        await house.until(State.ACCEPTED, 2)
        (house.folder.input / "first.jpg").unlink()
        house.clock.now_s += 60
        await house.until(State.PUBLISHED, 1)
        assert await house.count(State.SUPERSEDED) == 1

    played(tmp_path, scene)


def test_a_reuse_does_not_end_a_halt(tmp_path: Path) -> None:
    """A photo that costs nothing goes its way during a halt, and lets nobody else through."""

    async def scene(house: House) -> None:
        await house.drop("paid.jpg")
        await house.until(State.PUBLISHED, 1)
        house.uploadcare.fail("upload_source", KeysRefusedError("401"), KeysRefusedError("401"))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("upload_source", 2), PATIENCE_S)
        (house.folder.input / "first.jpg").unlink()
        (house.folder.input / "copy.jpg").write_bytes((house.folder.input / "paid.jpg").read_bytes())
        copy = await house.ledger.discover(identity_of(house.folder.input, "copy.jpg"))
        assert copy is not None
        house.lanes.begin(copy)
        await house.until(State.ACCEPTED, 2)
        house.clock.now_s += 60
        await house.until(State.PUBLISHED, 2)
        assert house.halt.error is not None
        await house.drop("second.jpg")
        await asyncio.wait_for(house.uploadcare.called("upload_source", 3), PATIENCE_S)
        house.clock.now_s += 120
        await house.until(State.PUBLISHED, 3)

    played(tmp_path, scene)


def test_a_halt_ends_although_nobody_stands_where_it_began(tmp_path: Path) -> None:
    """When every upload expired while the add-on was refused, one photo is sent anew to show how things are."""

    async def scene(house: House) -> None:
        house.uploadcare.fail("start_removal", AddonRefusedError("403"))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("start_removal"), PATIENCE_S)
        await house.drop("second.jpg")
        await house.until(State.ACCEPTED, 1)
        house.uploadcare.fail("require_ready", UploadGoneError("it has expired"))
        house.clock.now_s += 60
        await house.until(State.PUBLISHED, 2)
        assert house.halt.error is None

    uploadcare = played(tmp_path, scene)
    assert uploadcare.count("upload_source") == 3


@pytest.mark.parametrize(
    ("method", "error", "state"),
    [
        ("fetch_cutout", DeliveryRefusedError("403"), State.REMOVAL_FINISHED),
        ("upload_source", UploadsRefusedError("403"), State.FAILED),
    ],
)
def test_a_file_that_is_refused_alone_stops_no_other(
    tmp_path: Path, method: str, error: HaltError, state: State
) -> None:
    """The service refuses one file again and again: it waits or fails, and all others go on without a halt."""

    async def scene(house: House) -> None:
        house.uploadcare.fail_for("odd.jpg", method, error)
        await house.drop("odd.jpg", *NAMES)
        await house.until(State.PUBLISHED, len(NAMES))
        await asyncio.wait_for(house.uploadcare.called(method, len(NAMES) + 2), PATIENCE_S)
        await house.until(state, 1)
        assert house.halt.error is None

    played(tmp_path, scene)


def test_a_rule_of_the_project_halts_and_fails_no_photo(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Types of files are restricted: the third refused photo halts all, and afterwards every photo is published."""
    caplog.set_level(logging.INFO, "cutoutd")

    async def scene(house: House) -> None:
        house.uploadcare.fail("upload_source", *(UploadsRefusedError("400") for _ in range(3)))
        await house.drop(*NAMES)
        async with asyncio.timeout(PATIENCE_S):
            while await house.count(State.PUBLISHED) < len(NAMES):
                house.clock.now_s += 900
                await house.lanes.next_step(within_s=0.1)
        assert (house.halt.error, await house.count(State.FAILED)) == (None, 0)

    played(tmp_path, scene)
    # It may end at once, because an upload was under way that Uploadcare took.
    said = [record.action for record in caplog.records if record.action in {"halted", "resumed"}]
    assert said == ["halted", "resumed"]


def test_a_429_stops_launches_and_nothing_else(tmp_path: Path) -> None:
    """Until Retry-After is over no photo is launched, not only the one that was refused; others are sent meanwhile."""
    pause_s = 1000.0

    async def scene(house: House) -> None:
        house.uploadcare.fail("start_removal", ThrottledError("429", retry_after_s=pause_s))
        await house.drop("first.jpg")
        await asyncio.wait_for(house.uploadcare.called("start_removal"), PATIENCE_S)
        await house.drop(*NAMES)
        await asyncio.wait_for(house.uploadcare.called("upload_source", 4), PATIENCE_S)
        await asyncio.sleep(0.3)  # in which nothing must happen
        assert house.uploadcare.count("start_removal") == 1
        house.rate_clock.ahead_s += pause_s
        await house.until(State.PUBLISHED, len(NAMES))
        assert house.uploadcare.count("start_removal") == 1 + len(NAMES)
        # The one that met the refusal waits by the ledger's clock, which nobody set forward.
        assert await house.count(State.UPLOADED) == 1

    played(tmp_path, scene)


def test_no_more_is_launched_in_a_minute_than_allowed(tmp_path: Path) -> None:
    """Launches that were made count, however short they took; those that were never sent do not."""

    async def play() -> FakeUploadcare:
        async with house(tmp_path, Concurrency(), launches_per_minute=3) as opened, asyncio.TaskGroup() as tasks:
            opened.uploadcare.fail("start_removal", *(NeverSentError("no connection") for _ in range(4)))
            tasks.create_task(opened.lanes.run())
            await opened.drop(*NAMES)
            await opened.until(State.PUBLISHED, 3)
            await asyncio.sleep(0.3)  # in which nothing must happen
            opened.lanes.stop()
        return opened.uploadcare

    assert asyncio.run(play()).count("start_removal") == 4 + 3


def test_a_bug_costs_one_photo(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in cutoutd itself fails the photo it met, with its trace in the log; all others go on, and it counts."""
    tallies: list[RunCounts] = []

    async def scene(house: House) -> None:
        house.uploadcare.fail("upload_source", ZeroDivisionError("a bug"))
        await house.drop(*NAMES)
        tallies.append(house.tally)
        await house.until(State.PUBLISHED, len(NAMES) - 1)
        await house.until(State.FAILED, 1)
        (failed,) = await house.ledger.query(photo_queries.at_state, {State.FAILED}, 10)
        assert failed.ending.code == "internal_fault"

    played(tmp_path, scene)
    assert tallies[0].at(State.FAILED) == 1
    (record,) = (record for record in caplog.records if record.action == "internal_fault")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_a_ledger_in_trouble_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fact that the ledger does not take leaves the photo where it was; the step is taken again when it can."""

    async def scene(house: House) -> None:
        when = "BEFORE INSERT ON events WHEN NEW.to_state = 'removal_intended'"
        await asyncio.to_thread(in_database, tmp_path, f"CREATE TRIGGER no {when} BEGIN SELECT RAISE(ABORT, 'no'); END")
        await house.drop("a.jpg")
        await asyncio.wait_for(house.uploadcare.called("require_ready", 2), PATIENCE_S)
        assert await house.count(State.UPLOADED) == 1
        await asyncio.to_thread(in_database, tmp_path, "DROP TRIGGER no")
        await house.until(State.PUBLISHED, 1)

    uploadcare = played(tmp_path, scene)
    assert uploadcare.count("start_removal") == 1
    assert "ledger_trouble" in [record.action for record in caplog.records]


def test_a_worker_keeps_its_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo that has the house to itself goes all the way, and no stage asks the ledger for it."""
    questions: list[str] = []
    query = Ledger.query

    async def counting(ledger: Ledger, question: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the ledger's own
        questions.append(getattr(question, "__qualname__", str(question)))
        return await query(ledger, question, *args, **kwargs)

    async def scene(house: House) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while questions.count("DueQuery.run") < len(house.lanes.stages):
                await house.lanes.next_step(within_s=0.01)  # each stage looks once at the start
            questions.clear()
            await house.drop("a.jpg")
            while house.tally.at(State.PUBLISHED) == 0:
                await house.lanes.next_step(within_s=0.05)

    monkeypatch.setattr(Ledger, "query", counting)
    played(tmp_path, scene, timing=Timing())
    assert questions == []


def test_a_wait_that_ends_after_a_full_stage_is_noticed_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only upload slot is taken, and free again, while another photo waits for its moment: it is not overslept."""
    monkeypatch.setattr("cutoutd.pipeline.photo_pipeline.backoff", partial(backoff, jitter=lambda: 0.0))

    async def scene(house: House) -> None:
        house.uploadcare.fail("upload_source", ThrottledError("429", retry_after_s=1.0))
        await house.drop("waiting.jpg")
        await house.uploadcare.called("upload_source")
        (house.folder.input / "other.jpg").write_bytes(jpeg())
        other = await house.ledger.discover(identity_of(house.folder.input, "other.jpg"))
        assert other is not None
        await house.lanes.steps.take_step(other, house.lanes.stages[0][0])
        house.lanes.wake_stage(State.ACCEPTED)  # the stage itself finds the other one, and is full with it
        async with asyncio.timeout(10.0):
            while house.tally.at(State.PUBLISHED) < 2:
                await house.lanes.next_step(within_s=0.05)

    played(tmp_path, scene, Concurrency(uploads=1), Timing())


def test_the_end_of_a_pause_and_a_stop_wake_every_stage(tmp_path: Path) -> None:
    """Stages that rest have not looked into the ledger for long, and sleep: nothing is overslept."""
    pauses_s = [math.inf]

    async def play() -> None:
        async with house(tmp_path, Concurrency(), timing=Timing()) as opened, asyncio.timeout(20.0):
            stages = [replace(stage, paused_for_s=lambda: pauses_s[0]) for stage, _ in opened.lanes.stages]
            lanes = WorkerPool(opened.ledger, opened.lanes.steps, tuple(stages))
            opened.lanes = lanes
            running = asyncio.create_task(lanes.run())
            await opened.drop("a.jpg")
            await asyncio.sleep(0.05)  # the stages fall asleep
            pauses_s[0] = 0.0
            lanes.wake_all()
            await opened.until(State.PUBLISHED, 1)
            pauses_s[0] = math.inf
            lanes.wake_all()
            await asyncio.sleep(0.05)
            lanes.stop()
            await running

    asyncio.run(play())


def test_a_duplicate_that_waited_in_an_earlier_run_goes_on_at_once(tmp_path: Path) -> None:
    """The photo that pays ends after a restart or a reload: the other one does not wait for the next regular look."""

    async def play() -> None:
        async with house(tmp_path, Concurrency(), timing=Timing()) as opened:
            content = jpeg()
            photos = []
            for name in ("payer.jpg", "other.jpg"):
                (opened.folder.input / name).write_bytes(content)
                photo = await opened.ledger.discover(identity_of(opened.folder.input, name))
                assert photo is not None
                photos.append(photo)
            for photo in photos:
                accepted = await opened.lanes.steps.take_step(photo, opened.lanes.stages[0][0])
                assert accepted is not None
                waiting = await opened.lanes.steps.take_step(accepted, opened.lanes.stages[1][0])
            assert waiting is not None
            assert waiting.wait.for_photo == photos[0].id
            async with asyncio.timeout(15.0):
                running = asyncio.create_task(opened.lanes.run())
                await opened.until(State.PUBLISHED, 2)
                opened.lanes.stop()
                await running

    asyncio.run(play())


def test_a_stop_finishes_what_is_under_way_and_begins_nothing(tmp_path: Path) -> None:
    """Steps under way store their facts; no other photo, and no further step of the same one, is begun."""

    async def play() -> FakeUploadcare:
        async with house(tmp_path, Concurrency(uploads=1)) as opened:
            gate = opened.uploadcare.hold("upload_source")
            running = asyncio.create_task(opened.lanes.run())
            await opened.drop(*NAMES[:3])
            await asyncio.wait_for(opened.uploadcare.called("upload_source"), PATIENCE_S)
            opened.lanes.stop()
            await asyncio.sleep(0)
            assert not running.done()
            gate.set()
            await asyncio.wait_for(running, PATIENCE_S)
            assert opened.lanes.busy == 0
            assert await opened.count(State.UPLOADED) == 1
            return opened.uploadcare

    assert [method for method, _ in asyncio.run(play()).calls] == ["upload_source"]


def test_letting_go_spares_the_call_that_is_paid_for(tmp_path: Path) -> None:
    """What costs nothing is cut off and stays where it was; a launch gets to store its answer."""

    async def play() -> None:
        async with house(tmp_path, Concurrency(uploads=1)) as opened:
            running = asyncio.create_task(opened.lanes.run())
            answer = opened.uploadcare.hold("start_removal")
            await opened.drop(NAMES[0])
            await asyncio.wait_for(opened.uploadcare.called("start_removal"), PATIENCE_S)
            opened.uploadcare.hold("upload_source")
            await opened.drop(NAMES[1])
            await asyncio.wait_for(opened.uploadcare.called("upload_source", 2), PATIENCE_S)
            opened.lanes.stop()
            assert opened.lanes.cancel_unpaid()
            async with asyncio.timeout(PATIENCE_S):
                while opened.lanes.busy > 1:
                    await opened.lanes.next_step(within_s=0.05)
            assert not running.done()
            assert not opened.lanes.cancel_unpaid()
            answer.set()
            await asyncio.wait_for(running, PATIENCE_S)
            assert await opened.count(State.ACCEPTED) == 1
            assert await opened.count(State.REMOVAL_STARTED) == 1

    asyncio.run(play())


def test_a_launch_that_waits_for_its_upload_may_be_cut_off(tmp_path: Path) -> None:
    """Money hangs on the one call alone, not on what is asked before it."""

    async def play() -> None:
        async with house(tmp_path, Concurrency()) as opened:
            running = asyncio.create_task(opened.lanes.run())
            opened.uploadcare.hold("require_ready")
            await opened.drop(NAMES[0])
            await asyncio.wait_for(opened.uploadcare.called("require_ready"), PATIENCE_S)
            opened.lanes.stop()
            assert opened.lanes.cancel_unpaid()
            await asyncio.wait_for(running, PATIENCE_S)
            assert await opened.count(State.UPLOADED) == 1

    asyncio.run(play())


def test_a_stop_while_the_ledger_is_asked_begins_nothing(tmp_path: Path) -> None:
    """Photos that the ledger names only after the stop are left for the next run."""

    async def play() -> int:
        async with house(tmp_path, Concurrency()) as opened:
            await opened.drop(*NAMES)
            running = asyncio.create_task(opened.lanes.run())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            opened.lanes.stop()
            await asyncio.wait_for(running, PATIENCE_S)
            return await opened.count(State.DISCOVERED)

    assert asyncio.run(play()) == len(NAMES)
