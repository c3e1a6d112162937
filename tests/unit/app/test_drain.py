"""The end of a service: what costs nothing is cut off, and a paid call is waited for as long as it may take."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cutoutd.app.process import PAID_S, drain_workers, finish_launches
from cutoutd.config.settings import Concurrency, FolderSettings
from cutoutd.core.photo import State, require_value
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import stages_for
from cutoutd.pipeline.scheduling.step_runner import RunCounts, StepRunner, Timing
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.uploadcare.connections import Throttle
from cutoutd.uploadcare.transport import TimeoutSet
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.images.drawn_photos import jpeg
from support.ledgers import identity_of
from support.pipelines import pipeline_of

UNITS = Path(__file__).parents[3] / "systemd"


@dataclass
class House:
    """Stages at work: a real ledger, real files, and a stand-in for Uploadcare."""

    ledger: Ledger
    folder: FolderSettings
    uploadcare: FakeUploadcare
    lanes: WorkerPool

    async def drop(self, name: str) -> None:
        """A photo arrives."""
        (self.folder.input / name).write_bytes(jpeg())
        self.lanes.begin(require_value(await self.ledger.discover(identity_of(self.folder.input, name))))

    async def count(self, state: State) -> int:
        return await self.ledger.query(photos.count, {state})

    async def until(self, state: State, number: int) -> None:
        """Return when so many photos stand at this state."""
        async with asyncio.timeout(60):
            while await self.count(state) != number:
                await self.lanes.next_step(within_s=0.05)


@asynccontextmanager
async def house(place: Path) -> AsyncIterator[House]:
    folder, uploadcare = folder_in(place), FakeUploadcare()
    async with open_ledger(place) as ledger:
        budget = unlimited_budget(ledger, place)
        journey = pipeline_of(ledger, uploadcare, folders_of(folder), budget, PollSchedule([0.0] * 5))
        await ledger.count_photos()
        steps = StepRunner(ledger, journey, CircuitBreaker(), RunCounts(), Timing(poll_ledger_s=0.02))
        yield House(
            ledger, folder, uploadcare, WorkerPool(ledger, steps, stages_for(Concurrency(), budget.rate, Throttle()))
        )


async def launching(opened: House) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A paid call is under way; the event brings its answer."""
    running = asyncio.create_task(opened.lanes.run())
    answer = opened.uploadcare.hold("start_removal")
    opened.uploadcare.hold("get_removal_status")
    await opened.drop("a.jpg")
    await asyncio.wait_for(opened.uploadcare.called("start_removal"), 60)
    return running, answer


def test_a_reload_never_cuts_off_a_paid_call(tmp_path: Path) -> None:
    """However long the answer takes, it is stored before the service ends, and systemd hears that all is well."""

    async def play() -> None:
        async with house(tmp_path) as opened:
            running, answer = await launching(opened)
            alive = asyncio.Event()
            draining = asyncio.create_task(
                drain_workers(opened.lanes, running, must_end=lambda: False, alive=alive.set, paid_s=0.01)
            )
            await asyncio.wait_for(alive.wait(), 60)
            assert not draining.done()
            answer.set()
            assert await draining
            assert await opened.count(State.REMOVAL_STARTED) == 1

    asyncio.run(play())


def test_a_stop_waits_for_a_paid_call_up_to_a_limit(tmp_path: Path) -> None:
    """The limit is reached only if the call itself is longer than it may be; then its outcome is looked for later."""

    async def play() -> None:
        async with house(tmp_path) as opened:
            running, _ = await launching(opened)
            assert not await drain_workers(opened.lanes, running, paid_s=0.1)
            await asyncio.wait([running])
            assert await opened.count(State.REMOVAL_INTENDED) == 1

    asyncio.run(play())


def test_before_a_reload_all_else_goes_on_until_the_answers_are_there(tmp_path: Path) -> None:
    """The wait for a paid call ends with its answer, and with a stop at once."""

    async def play() -> None:
        async with house(tmp_path) as opened:
            running, answer = await launching(opened)
            stop = asyncio.Event()
            stop.set()
            await asyncio.wait_for(finish_launches(opened.lanes, stop), 60)
            stop.clear()
            waiting = asyncio.create_task(finish_launches(opened.lanes, stop))
            opened.uploadcare.hold("require_ready")
            await opened.drop("b.jpg")
            await opened.until(State.UPLOADED, 1)
            assert not waiting.done()
            answer.set()
            await asyncio.wait_for(waiting, 60)
            assert await opened.count(State.REMOVAL_STARTED) == 1
            opened.lanes.stop()
            opened.lanes.cancel_unpaid()
            await asyncio.wait_for(running, 60)

    asyncio.run(play())


@pytest.mark.parametrize("name", ["cutoutd.service", "cutoutd@.service"])
def test_systemd_waits_for_longer_than_a_paid_call_takes(name: str) -> None:
    """The unit's time limit is above that of the call, of the storing, and of a last deletion at Uploadcare."""
    [minutes] = re.findall(r"^TimeoutStopSec=(\d+)min$", (UNITS / name).read_text(), re.MULTILINE)
    timeouts = TimeoutSet()
    assert timeouts.launch.overall_s < PAID_S
    assert int(minutes) * 60 > PAID_S + timeouts.call.overall_s + 20
