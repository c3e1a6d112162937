"""The wish for other settings: what is in force when it is given up, and that a fault in it costs nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cutoutd.app.reload import Reloader
from cutoutd.config.settings import Settings
from cutoutd.core.errors import DiskError
from support.folders import folder_in, settings_in


def _with_interval(settings: Settings, interval_s: float) -> Settings:
    watch = settings.watch.model_copy(update={"rescan_interval_s": interval_s})
    return settings.model_copy(update={"watch": watch})


def _played(scene: Callable[[], Awaitable[None]]) -> None:
    async def play() -> None:
        async with asyncio.timeout(60):
            await scene()

    asyncio.run(play())


async def _given_up(reloading: Reloader) -> Settings:
    """What a reload wanted whose asker hung up before it was in force."""
    asking = asyncio.create_task(reloading.reload())
    await reloading.reload_requested.wait()
    wanted = reloading.next_settings()
    asking.cancel()
    await asyncio.wait({asking})
    return wanted


def test_settings_that_nobody_saw_work_are_none_to_fall_back_to(tmp_path: Path) -> None:
    """After two reloads in a row, the first of which was given up and fails, those of the start are in force again."""
    old = settings_in(tmp_path, "http://127.0.0.1:1", folder_in(tmp_path))
    files = [_with_interval(old, 2), _with_interval(old, 3)]
    reloading = Reloader(old, lambda: files.pop(0))

    async def scene() -> None:
        await _given_up(reloading)
        asking = asyncio.create_task(reloading.reload())
        await reloading.reload_requested.wait()
        assert reloading.fall_back(DiskError("the output is gone"))
        assert reloading.next_settings() == old
        assert "the output is gone" in (await asking).refused[0]

    _played(scene)


def test_a_reload_is_not_answered_by_the_one_before_it(tmp_path: Path) -> None:
    """When settings are at work while others are wanted, they are what to fall back to, and nobody is answered yet."""
    old = settings_in(tmp_path, "http://127.0.0.1:1", folder_in(tmp_path))
    first, second = _with_interval(old, 2), _with_interval(old, 3)
    files = [first, second]
    reloading = Reloader(old, lambda: files.pop(0))

    async def scene() -> None:
        at_work = await _given_up(reloading)
        asking = asyncio.create_task(reloading.reload())
        await reloading.reload_requested.wait()
        reloading.confirm(at_work)
        assert reloading.next_settings() == second
        assert reloading.fall_back(DiskError("the output is gone"))
        assert (await asking).refused
        assert reloading.settings == first

    _played(scene)


def test_a_fault_in_a_reload_by_signal_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever sends a signal hears no answer; the log has the trace, and the next signal is heard."""
    settings = settings_in(tmp_path, "http://127.0.0.1:1", folder_in(tmp_path))
    read, faults = asyncio.Event(), [OverflowError("nobody thought of this")]

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        def reread() -> Settings:
            if faults:
                loop.call_soon_threadsafe(reloading.request_reload)
                raise faults.pop()
            loop.call_soon_threadsafe(read.set)
            return settings

        reloading = Reloader(settings, reread)
        reloading.request_reload()
        running = asyncio.create_task(reloading.run())
        await asyncio.wait({running, asyncio.create_task(read.wait())}, return_when=asyncio.FIRST_COMPLETED)
        assert not running.done()
        running.cancel()

    with caplog.at_level("ERROR", logger="cutoutd"):
        _played(scene)
    assert "nobody thought of this" in caplog.text
