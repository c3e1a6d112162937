"""What works beside the photos: a fault in it is told, and it begins anew."""

import asyncio

import pytest

from cutoutd.app.process import run_supervised


def test_a_fault_is_told_and_the_work_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever shares a group of tasks with what failed notices nothing of it."""
    runs: list[int] = []

    async def fail_twice() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise OverflowError("a number nobody thought of")

    async def play() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run_supervised("the numbers", fail_twice, restart_after_s=0.0))

    with caplog.at_level("ERROR", logger="cutoutd"):
        asyncio.run(play())
    assert len(runs) == 3
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert "stopped the numbers" in caplog.text


def test_it_ends_when_it_is_cancelled() -> None:
    """A stop waits neither for the work nor for its next try."""

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    async def play() -> None:
        working = asyncio.create_task(run_supervised("waiting", wait_for_ever))
        await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

    asyncio.run(play())
