"""Reception: which finished files are photos already, and how the others become some."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.config.settings import Concurrency, FolderSettings
from cutoutd.core.photo import State
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.discovery import Discovery
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import stages_for
from cutoutd.pipeline.scheduling.step_runner import RunCounts, StepRunner
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.pipeline.touched_sources import TouchedSources
from cutoutd.uploadcare.connections import Throttle
from cutoutd.watch.availability.monitor import FolderAvailability
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folders_of
from support.ledgers import identity, in_database, photo_at, state_of, versions_of, with_ledger
from support.pipelines import pipeline_of

SEEN = Sighting("a.jpg", 1000, 1, 1, 7, is_closed=True)


def reception_of(ledger: Ledger, tally: RunCounts) -> Discovery:
    spending = unlimited_budget(ledger, Path())
    names = ("products", "people")
    folders = folders_of(*(FolderSettings(name=name, input=Path("/in"), output=Path("/out")) for name in names))
    standby = FolderAvailability(ledger, folders)
    journey = pipeline_of(ledger, FakeUploadcare(), folders, spending, PollSchedule())
    lanes = WorkerPool(
        ledger,
        StepRunner(ledger, journey, CircuitBreaker(), tally),
        stages_for(Concurrency(), spending.rate, Throttle()),
    )
    return Discovery(ledger, lanes, folders, TouchedSources(ledger, folders, standby, 0.0), retry_after_s=0.01)


def test_a_finished_file_becomes_a_photo_once(tmp_path: Path) -> None:
    """The same version delivered twice is one photo; what is known is told apart from what is not."""
    tally = RunCounts()

    async def scene(ledger: Ledger) -> None:
        reception = reception_of(ledger, tally)
        newer = Sighting("a.jpg", 1000, 2, 2, 7)
        assert await reception.filter_new("products", [SEEN, newer]) == [SEEN, newer]
        await reception.deliver("products", SEEN)
        await reception.deliver("products", SEEN)
        assert await reception.filter_new("products", [SEEN, newer]) == [newer]
        assert await reception.filter_new("people", [SEEN]) == [SEEN]
        await reception.deliver("products", newer)
        assert len(await ledger.query(versions_of, "a.jpg")) == 2

    with_ledger(tmp_path, scene)
    assert tally.met == 2


def test_a_superseded_version_is_unknown(tmp_path: Path) -> None:
    """A file that was moved away and back is taken again."""

    async def scene(ledger: Ledger) -> list[State]:
        await photo_at(ledger, State.SUPERSEDED, identity())
        reception = reception_of(ledger, RunCounts())
        assert await reception.filter_new("products", [SEEN]) == [SEEN]
        await reception.deliver("products", SEEN)
        return await ledger.query(state_of, "a.jpg")

    assert with_ledger(tmp_path, scene) == [State.SUPERSEDED, State.DISCOVERED]


def test_a_ledger_in_trouble_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the ledger takes nothing, a delivery waits and says so; then the photo is there."""

    async def scene(ledger: Ledger) -> None:
        in_database(tmp_path, "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
        delivery = asyncio.create_task(reception_of(ledger, RunCounts()).deliver("products", SEEN))
        await asyncio.wait([delivery], timeout=0.1)
        assert not delivery.done()
        assert await ledger.query(versions_of, "a.jpg") == []
        in_database(tmp_path, "DROP TRIGGER no")
        await asyncio.wait_for(delivery, 60)
        assert len(await ledger.query(versions_of, "a.jpg")) == 1

    with_ledger(tmp_path, scene)
    assert "ledger_trouble" in [record.action for record in caplog.records]
