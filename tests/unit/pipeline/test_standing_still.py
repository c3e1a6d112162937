"""What stands still holds up nothing that can go on: hung removals, results without a place, folders that are away."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cutoutd.config.settings import Concurrency, Folders, FolderSettings
from cutoutd.core.errors import ResponseLostError
from cutoutd.core.photo import State, Wait, WaitKind
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries.picking import Downstream, RoomQuery
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.next_photos import room_for
from cutoutd.pipeline.scheduling.stages import StageHolds, stages_for
from cutoutd.pipeline.scheduling.step_runner import RunCounts, StepRunner, Timing
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.uploadcare.connections import Throttle
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folders_of
from support.images.drawn_photos import jpeg
from support.ledgers import identity, identity_of, in_database, photo_at, versions_of
from support.pipelines import pipeline_of
from support.small_disks import small_disk

PATIENCE_S = 60.0
SOON = Timing(poll_ledger_s=0.02, ledger_trouble_wait_s=0.02)
CONCURRENCY = Concurrency(uploads=1, removals=3, downloads=1)


@dataclass
class Shops:
    """Several folders at work on one ledger."""

    ledger: Ledger
    folders: Folders
    uploadcare: FakeUploadcare
    workers: WorkerPool
    budget: Budget

    async def drop(self, folder: str, *names: str) -> None:
        """Photos arrive, each another picture."""
        for name in names:
            root = self.folders[folder].input
            (root / name).write_bytes(jpeg())
            found = await self.ledger.discover(replace(identity_of(root, name), folder=folder))
            assert found is not None
            self.workers.begin(found)

    async def until_published(self, number: int) -> None:
        """Return when so many photos are published."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.ledger.query(photo_queries.count, {State.PUBLISHED}) < number:
                await self.workers.next_step(within_s=0.05)


@asynccontextmanager
async def shops(place: Path, *names: str, late_after_s: float = 60.0, min_free_bytes: int = 1) -> AsyncIterator[Shops]:
    """Folders with these names; nothing runs yet."""
    settings = []
    for name in names:
        trees = {"input": place / name / "in", "output": place / name / "out"}
        for tree in trees.values():
            tree.mkdir(parents=True)
        settings.append(FolderSettings.model_validate({"name": name, **trees}))
    folders, uploadcare = folders_of(*settings), FakeUploadcare()
    async with open_ledger(place) as ledger:
        budget = unlimited_budget(ledger, place, min_free_bytes=min_free_bytes)
        pipeline = pipeline_of(ledger, uploadcare, folders, budget, PollSchedule([0.0] * 5))
        await ledger.count_photos()
        steps = StepRunner(ledger, pipeline, CircuitBreaker(), RunCounts(), SOON)

        def stranded() -> frozenset[str]:
            return ledger.counts.crowded_folders(State.REMOVAL_FINISHED, CONCURRENCY.removals)

        holds = StageHolds(stranded_folders=stranded, removal_late_after_s=lambda: late_after_s)
        workers = WorkerPool(ledger, steps, stages_for(CONCURRENCY, budget.rate, Throttle(), holds))
        yield Shops(ledger, folders, uploadcare, workers, budget)


async def hang(ledger: Ledger, place: Path, number: int, *, since_s: float) -> None:
    """So many removals were launched, and are never finished."""
    for each in range(number):
        photo = await photo_at(ledger, State.REMOVAL_STARTED, identity(f"hung {each}.jpg", folder="shop"))
        await ledger.postpone(photo, Wait(WaitKind.OVERDUE, time.time() + 700, 9, "it runs for far too long"))
    await asyncio.to_thread(in_database, place, f"UPDATE photos SET state_at_s = {since_s}")  # noqa: S608  a number


def test_hung_removals_stop_no_launch(tmp_path: Path) -> None:
    """As many removals hang as may run at once: one more is tried, goes well, and then all others go on."""

    async def play() -> None:
        async with shops(tmp_path, "shop") as opened, asyncio.TaskGroup() as tasks:
            await hang(opened.ledger, tmp_path, 3, since_s=time.time() - 90)
            tasks.create_task(opened.workers.run())
            await opened.drop("shop", *(f"{number}.jpg" for number in range(8)))
            await opened.until_published(8)
            opened.workers.stop()

    asyncio.run(play())


def test_hung_removals_stop_no_launch_after_a_restart(tmp_path: Path) -> None:
    """Far more hang than may run at once, and others went on since: the next start knows that from the ledger."""

    async def play() -> None:
        async with shops(tmp_path, "shop") as opened, asyncio.TaskGroup() as tasks:
            await photo_at(opened.ledger, State.PUBLISHED, identity("fine.jpg", folder="shop"))
            await hang(opened.ledger, tmp_path, 30, since_s=time.time() - 90)
            tasks.create_task(opened.workers.run())
            await opened.drop("shop", *(f"{number}.jpg" for number in range(4)))
            await opened.until_published(5)
            opened.workers.stop()

    asyncio.run(play())


def test_a_service_that_is_merely_slow_gets_no_more_removals(tmp_path: Path) -> None:
    """While none that was launched has had the time to finish, no further one is paid for."""

    async def play() -> None:
        async with shops(tmp_path, "shop") as opened, asyncio.TaskGroup() as tasks:
            await hang(opened.ledger, tmp_path, 3, since_s=time.time() - 5)
            tasks.create_task(opened.workers.run())
            await opened.drop("shop", "a.jpg", "b.jpg")
            await asyncio.wait_for(opened.uploadcare.called("upload_source", 2), PATIENCE_S)
            await asyncio.sleep(0.3)  # in which nothing must happen
            assert opened.uploadcare.count("start_removal") == 0
            opened.workers.stop()

    asyncio.run(play())


def test_trials_become_rarer_while_all_hang() -> None:
    """Each removal that hangs too doubles the time to the next trial, up to an hour: money at risk stays bounded."""
    query = RoomQuery((), now_s=10_000.0, late_after_s=60.0)
    for placed, age_s, room in ((63, 0.0, 1), (64, 59.0, 0), (64, 60.0, 1), (65, 60.0, -1), (65, 120.0, 1)):
        assert room_for(64, Downstream(placed, 64, 10_000.0 - age_s), query) == room
    assert room_for(64, Downstream(80, 64, 10_000.0 - 3600.0), query) == 1
    assert room_for(64, Downstream(80, 64, 10_000.0 - 3599.0), query) <= 0


def test_results_without_a_place_hold_up_their_own_folder_alone(tmp_path: Path) -> None:
    """A full output collects as many paid results as may run at once, and no more; other folders do not notice."""

    async def play() -> None:
        async with shops(tmp_path, "full", "shop") as opened, asyncio.TaskGroup() as tasks:
            for number in range(3):
                photo = await photo_at(opened.ledger, State.REMOVAL_FINISHED, identity(f"{number}.jpg", folder="full"))
                await opened.ledger.postpone(photo, Wait(WaitKind.PLACE, time.time() + 900, 1, "its output is full"))
            for number in range(4):
                photo = await photo_at(opened.ledger, State.UPLOADED, identity(f"up {number}.jpg", folder="full"))
            tasks.create_task(opened.workers.run())
            await opened.drop("full", "mine.jpg")
            await opened.drop("shop", *(f"{number}.jpg" for number in range(8)))
            await opened.until_published(8)
            assert {name for method, name in opened.uploadcare.calls if method == "start_removal"} == {
                f"{number}.jpg" for number in range(8)
            }
            opened.workers.stop()

    asyncio.run(play())


def test_a_small_folder_does_not_wait_for_a_large_one(tmp_path: Path) -> None:
    """A photo that comes last is sent among the first, although a hundred of another folder wait before it."""

    async def play() -> list[str]:
        async with shops(tmp_path, "large", "small") as opened, asyncio.TaskGroup() as tasks:
            gate = opened.uploadcare.hold("upload_source")
            tasks.create_task(opened.workers.run())
            await opened.drop("large", *(f"{number}.jpg" for number in range(100)))
            await asyncio.wait_for(opened.uploadcare.called("upload_source"), PATIENCE_S)
            async with asyncio.timeout(PATIENCE_S):
                while await opened.ledger.query(photo_queries.count, {State.ACCEPTED}) < 100:
                    await opened.workers.next_step(within_s=0.05)
            await opened.drop("small", "lone.jpg")
            async with asyncio.timeout(PATIENCE_S):
                while await opened.ledger.query(photo_queries.count, {State.ACCEPTED}) < 101:
                    await opened.workers.next_step(within_s=0.05)
            gate.set()
            await asyncio.wait_for(opened.uploadcare.called("upload_source", 8), PATIENCE_S)
            opened.workers.stop()
            return [name for method, name in opened.uploadcare.calls if method == "upload_source"]

    assert "lone.jpg" in asyncio.run(play())[:4]


def test_a_lost_answer_holds_up_its_own_photo_alone(tmp_path: Path) -> None:
    """While the outcome of one launch is looked for, all others are launched."""

    async def play() -> None:
        async with shops(tmp_path, "shop") as opened, asyncio.TaskGroup() as tasks:
            opened.uploadcare.fail("start_removal", ResponseLostError("no answer"))
            tasks.create_task(opened.workers.run())
            await opened.drop("shop", *(f"{number}.jpg" for number in range(6)))
            await opened.until_published(5)
            assert await opened.ledger.query(photo_queries.count, {State.REMOVAL_INTENDED}) == 1
            opened.workers.stop()

    asyncio.run(play())


def test_a_disk_with_room_again_lets_its_own_folder_go_on(tmp_path: Path) -> None:
    """Under min_free_space only the folders of that disk wait; with room again all of them go on at the next look."""

    async def play() -> None:
        async with shops(tmp_path, "full", "shop", min_free_bytes=5_000_000) as opened, asyncio.TaskGroup() as tasks:
            with small_disk(tmp_path / "full" / "out", "size=3m") as disk:
                tasks.create_task(opened.workers.run())
                await opened.drop("full", "a.jpg", "b.jpg")
                await opened.drop("shop", "c.jpg")
                await opened.until_published(1)
                waits = Wait(WaitKind.PLACE, time.time() + 900, 9, "below min_free_space")
                for name in ("a.jpg", "b.jpg"):
                    (photo,) = await opened.ledger.query(versions_of, name)
                    await opened.ledger.postpone(photo, waits)
                assert not await opened.budget.release_placeless()
                disk.remount("size=40m")
                await asyncio.sleep(0)
                assert await opened.budget.release_placeless()
                opened.workers.wake_all()
                await opened.until_published(3)
                opened.workers.stop()

    asyncio.run(play())


def test_a_dead_folder_among_many_holds_up_none(tmp_path: Path) -> None:
    """The input of one of forty folders is gone, with more photos than all others have together."""
    names = [f"shop-{number}" for number in range(39)]

    async def play() -> None:
        async with shops(tmp_path, "dead", *names) as opened, asyncio.TaskGroup() as tasks:
            await opened.drop("dead", *(f"{number}.jpg" for number in range(60)))
            shutil.rmtree(opened.folders["dead"].input)
            for name in names:
                await opened.drop(name, "a.jpg")
            tasks.create_task(opened.workers.run())
            await opened.until_published(39)
            assert opened.uploadcare.count("upload_source") == 39
            opened.workers.stop()

    asyncio.run(play())
