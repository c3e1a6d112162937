"""The memory for decoded pictures: one budget, a fair queue, and nothing lost by a cancellation."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cutoutd.images.picture_memory import PictureMemory

MB = 1_000_000
BUDGET = 512 * MB


class Works:
    """Pieces of work that go on until they are let go, and the most that they held at once."""

    def __init__(self, memory: PictureMemory) -> None:
        self.memory = memory
        self.begun: list[str] = []
        self.held = 0
        self.most = 0
        self._lock = threading.Lock()
        self._gates: dict[str, threading.Event] = {}

    def start(self, name: str, need_bytes: int) -> asyncio.Task[str]:
        self._gates[name] = threading.Event()
        return asyncio.create_task(self.memory.run(need_bytes, self._work, name, need_bytes))

    def let_go(self, *names: str) -> None:
        for name in names or tuple(self._gates):
            self._gates[name].set()

    async def wait_for(self, *names: str) -> None:
        async with asyncio.timeout(30):
            while not set(names) <= set(self.begun):  # noqa: ASYNC110  because threads begin them
                await asyncio.sleep(0.001)

    def _work(self, name: str, need_bytes: int) -> str:
        with self._lock:
            self.held += need_bytes
            self.most = max(self.most, self.held)
            self.begun.append(name)
        assert self._gates[name].wait(30)
        with self._lock:
            self.held -= need_bytes
        return name


@pytest.fixture
def works() -> Works:
    return Works(PictureMemory(BUDGET))


def test_pictures_wait_within_the_budget(works: Works) -> None:
    """Four pictures of 200 MB: two at once, and all in the end."""

    async def scene() -> None:
        tasks = [works.start(name, 200 * MB) for name in "abcd"]
        await works.wait_for("a", "b")
        assert works.begun == ["a", "b"]
        works.let_go()
        assert await asyncio.gather(*tasks) == list("abcd")

    asyncio.run(scene())
    assert works.most == 400 * MB


def test_a_large_picture_is_not_overtaken(works: Works) -> None:
    """First come, first served: pictures that would fit wait behind it, else it could wait for ever."""

    async def scene() -> None:
        tasks = [works.start("small", 100 * MB), works.start("large", 500 * MB), works.start("late", 100 * MB)]
        await works.wait_for("small")
        await asyncio.sleep(0.05)
        assert works.begun == ["small"]
        works.let_go("small")
        await works.wait_for("large")
        assert works.begun == ["small", "large"]
        works.let_go()
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert works.begun == ["small", "large", "late"]


def test_a_picture_over_the_budget_runs_alone(works: Works) -> None:
    """It is decoded, but beside no other one."""

    async def scene() -> None:
        tasks = [works.start("huge", 2000 * MB), works.start("small", 100 * MB)]
        await works.wait_for("huge")
        await asyncio.sleep(0.05)
        assert works.begun == ["huge"]
        works.let_go()
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert works.most == 2000 * MB


def test_photos_of_the_usual_size_never_wait(works: Works) -> None:
    """Reading a file of some megabytes goes on beside a huge picture."""

    async def scene() -> None:
        huge, small = works.start("huge", 2000 * MB), works.start("small", 12 * MB)
        await works.wait_for("huge", "small")
        works.let_go()
        await asyncio.gather(huge, small)

    asyncio.run(scene())


def test_a_cancelled_wait_leaves_the_queue(works: Works) -> None:
    """What stood behind it goes on."""

    async def scene() -> None:
        first, large, late = (works.start(name, need * MB) for name, need in [("a", 300), ("b", 400), ("c", 100)])
        await works.wait_for("a")
        large.cancel()
        await asyncio.gather(large, return_exceptions=True)
        await works.wait_for("c")
        works.let_go()
        await asyncio.gather(first, late)

    asyncio.run(scene())
    assert works.begun == ["a", "c"]


def test_a_cancelled_work_keeps_its_memory_to_its_end(works: Works) -> None:
    """The thread goes on, and so do its pixels; the next one waits for them."""

    async def scene() -> None:
        first, second = works.start("a", 400 * MB), works.start("b", 400 * MB)
        await works.wait_for("a")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.sleep(0.05)
        assert works.begun == ["a"]
        works.let_go()
        assert await second == "b"

    asyncio.run(scene())
    assert works.most == 400 * MB


def test_a_larger_budget_lets_more_in_at_once(works: Works) -> None:
    """A reload changes it while pictures wait."""

    async def scene() -> None:
        tasks = [works.start(name, 400 * MB) for name in "ab"]
        await works.wait_for("a")
        works.memory.set_budget(2 * BUDGET)
        await works.wait_for("b")
        works.let_go()
        await asyncio.gather(*tasks)

    asyncio.run(scene())


def test_threads_share_the_budget_with_tasks(works: Works) -> None:
    """The report draws in threads of its own."""

    async def scene() -> None:
        with reserved_elsewhere(works.memory, 400 * MB):
            task = works.start("a", 200 * MB)
            await asyncio.sleep(0.05)
            assert works.begun == []
        works.let_go()
        assert await task == "a"

    asyncio.run(scene())


@contextmanager
def reserved_elsewhere(memory: PictureMemory, need_bytes: int) -> Iterator[None]:
    has_it, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with memory.reserved(need_bytes):
            has_it.set()
            is_over.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(30)
    yield
    is_over.set()
    thread.join(30)


def test_an_error_gives_the_memory_back(works: Works) -> None:
    """A damaged picture does not narrow the budget."""

    def fail() -> None:
        raise ValueError("damaged")

    async def scene() -> None:
        for _ in range(3):
            with pytest.raises(ValueError, match="damaged"):
                await works.memory.run(400 * MB, fail)

    asyncio.run(scene())
