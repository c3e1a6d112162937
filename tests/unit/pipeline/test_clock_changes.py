"""Clocks that were set delay nothing, and let nothing be paid for early."""

import asyncio
import time
from pathlib import Path

import pytest

from cutoutd.core.photo import LaunchResponseLost, Photo, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import clock_changes
from cutoutd.pipeline.maintenance.clock_changes import ClockMonitor, ClockReading, clock_step_s
from cutoutd.pipeline.steps.launching.recover_launch import search_of
from support.ledgers import identity, photo_at, with_ledger

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("wall_s", "steady_s", "expected_s"),
    [(1.0, 1.0, 0.0), (2.9, 1.0, 0.0), (3601.0, 1.0, HOUR_S), (-3599.0, 1.0, -HOUR_S), (30_000.0, 30_000.0, 0.0)],
)
def test_a_step_is_told_from_time_that_passed(wall_s: float, steady_s: float, expected_s: float) -> None:
    """Only what the steady clock does not know of is a step; a machine that slept took none."""
    before = ClockReading(1e9, 500.0)
    assert clock_step_s(before, ClockReading(1e9 + wall_s, 500.0 + steady_s)) == expected_s


async def waiting(ledger: Ledger, name: str, until_s: float, kind: WaitKind = WaitKind.RETRY) -> Photo:
    photo = await photo_at(ledger, State.ACCEPTED, identity(name))
    return await ledger.postpone(photo, Wait(kind, until_s, 3, "no connection"))


async def due(ledger: Ledger) -> set[str]:
    found = await ledger.query(photos.due, {State.ACCEPTED}, time.time(), 100)
    return {photo.identity.path for photo in found}


def test_waits_from_the_future_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the clock an hour back, what waits for seconds goes on at once; what a limit holds still waits."""
    real = time.time

    async def before(ledger: Ledger) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + HOUR_S)
        await waiting(ledger, "a.jpg", time.time() + 20)
        await waiting(ledger, "held.jpg", time.time() + 20_000, WaitKind.HELD)
        monkeypatch.setattr(time, "time", real)
        await waiting(ledger, "new.jpg", time.time() + 20)

    async def after(ledger: Ledger) -> None:
        assert await due(ledger) == set()
        assert 0.9 * HOUR_S < await ledger.query(clock_changes.ahead_s, time.time()) <= HOUR_S
        woken: list[bool] = []
        await ClockMonitor(ledger, lambda: woken.append(True)).open()
        assert await due(ledger) == {"a.jpg"}
        assert woken == [True]

    with_ledger(tmp_path, before)
    with_ledger(tmp_path, after)


def test_a_search_is_as_long_as_it_is(tmp_path: Path) -> None:
    """Time that never passed does not count for a search, and one begun in the future begins now."""

    async def scene(ledger: Ledger) -> None:
        now_s = time.time()
        for name, age_s in (("old.jpg", HOUR_S + 60), ("new.jpg", 1.0), ("future.jpg", -HOUR_S)):
            photo = await photo_at(ledger, State.REMOVAL_INTENDED, identity(name))
            await ledger.record(photo, LaunchResponseLost(now_s - age_s, "no answer"))
        await ledger.waits.shift_times(HOUR_S)
        await ledger.waits.shift_times(-1.0)
        lost = await ledger.query(photos.at_state, {State.REMOVAL_INTENDED}, 10)
        ages = {photo.identity.path: search_of(photo, 1, now_s).unclear_for_s for photo in lost}
        assert ages["old.jpg"] == pytest.approx(60, abs=5)
        assert ages["new.jpg"] == pytest.approx(1, abs=5)
        assert ages["future.jpg"] == pytest.approx(0, abs=5)

    with_ledger(tmp_path, scene)


def test_a_running_removal_is_as_old_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock set forward makes no running removal overdue, and a rare poll that was planned in between comes now."""
    real = time.time

    async def scene(ledger: Ledger) -> None:
        monkeypatch.setattr(time, "time", lambda: real() - HOUR_S - 20)
        asked = await photo_at(ledger, State.REMOVAL_STARTED, identity("asked.jpg"))
        await photo_at(ledger, State.REMOVAL_STARTED, identity("due.jpg"))
        monkeypatch.setattr(time, "time", real)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("new.jpg"))
        await ledger.postpone(asked, Wait(WaitKind.POLL, real() + 800, 1))
        assert await ledger.waits.shift_times(HOUR_S) == 1
        running = await ledger.query(photos.at_state, {State.REMOVAL_STARTED}, 10)
        ages = {photo.identity.path: real() - photo.state_at_s for photo in running}
        assert ages == pytest.approx({"asked.jpg": 20, "due.jpg": 20, "new.jpg": 0}, abs=5)
        assert all(photo.wait.until_s <= real() for photo in running)

    with_ledger(tmp_path, scene)


def test_a_step_is_noticed_while_cutoutd_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Within a second or so the clock's step is logged, and waiting photos go on."""
    real = time.time

    async def scene(ledger: Ledger) -> None:
        await waiting(ledger, "a.jpg", time.time() + 20)
        woken = asyncio.Event()
        running = asyncio.create_task(ClockMonitor(ledger, woken.set, 0.02).run())
        await asyncio.sleep(0.1)  # for its first look
        monkeypatch.setattr(time, "time", lambda: real() - HOUR_S)
        await asyncio.wait_for(woken.wait(), 60)
        assert await due(ledger) == {"a.jpg"}
        running.cancel()

    with_ledger(tmp_path, scene)
    assert caplog.messages == ["this machine's clock was set back by 60 minutes; waits that end early because of it: 1"]
