"""A clock that was wrong by years for an hour: nothing of it lasts, and nothing is allowed twice."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from cutoutd.config.settings import NotifySettings
from cutoutd.core.errors import ThrottledError
from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.core.photo.longest_lead import day_to_count_for, last_day, local_day, longest_wait_s
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import launches, usage
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.budget.budget import open_budget
from cutoutd.pipeline.maintenance.clock_changes import ClockMonitor
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.step_runner import RunCounts
from support.folders import folder_in, settings_in
from support.ledgers import identity, photo_at, with_ledger

DAY_S = 86_400.0
YEARS_S = 10 * 365 * DAY_S

SetClock = Callable[[float], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set this machine's clock ahead by so many seconds, or back."""
    real = time.time
    return lambda ahead_s: monkeypatch.setattr(time, "time", lambda: real() + ahead_s)


async def waiting(ledger: Ledger, name: str, kind: WaitKind, wait_s: float) -> Photo:
    photo = await photo_at(ledger, State.ACCEPTED, identity(name))
    return await ledger.postpone(photo, Wait(kind, time.time() + wait_s, 1, "it waits"))


async def counts(ledger: Ledger) -> tuple[int, int, date]:
    spent = await ledger.query(launches.launch_counts, time.time())
    return spent.today, spent.this_month, spent.day


@pytest.mark.parametrize("ahead_s", [3 * DAY_S, YEARS_S])
def test_days_of_launches_come_back(tmp_path: Path, set_clock: SetClock, ahead_s: float) -> None:
    """Launches of a wrong day count for today, so they neither block ten years nor open a second allowance."""

    async def wrong(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_STARTED, identity("a.jpg"))
        set_clock(ahead_s)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("b.jpg"))
        assert (await counts(ledger))[2] == local_day(time.time())

    async def right(ledger: Ledger) -> None:
        set_clock(0)
        await ClockMonitor(ledger, lambda: None).open()
        assert await counts(ledger) == (2, 2, local_day(time.time()))
        await photo_at(ledger, State.REMOVAL_STARTED, identity("c.jpg"))
        assert (await counts(ledger))[0] == 3
        set_clock(DAY_S)
        assert (await counts(ledger))[0] == 0

    with_ledger(tmp_path, wrong)
    with_ledger(tmp_path, right)


def test_launch_before_the_correction_counts_for_today(tmp_path: Path, set_clock: SetClock) -> None:
    """Also a launch in the second before a step of the clock is noticed gets no day of another decade."""

    async def scene(ledger: Ledger) -> None:
        set_clock(YEARS_S)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("a.jpg"))
        set_clock(0)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("b.jpg"))
        assert (await counts(ledger))[2] == local_day(time.time())
        assert (await counts(ledger))[0] == 2

    with_ledger(tmp_path, scene)


def test_clock_set_back_by_a_day_opens_no_allowance(tmp_path: Path, set_clock: SetClock) -> None:
    """Within the bound the day of the last launch still counts."""

    async def scene(ledger: Ledger) -> None:
        set_clock(DAY_S)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("a.jpg"))
        tomorrow = local_day(time.time())
        set_clock(0)
        await ClockMonitor(ledger, lambda: None).open()
        assert await counts(ledger) == (1, (await counts(ledger))[1], tomorrow)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("kind", [kind for kind in WaitKind if longest_wait_s(kind) is not None])
def test_wait_of_another_decade_ends_at_the_start(tmp_path: Path, set_clock: SetClock, kind: WaitKind) -> None:
    """Each kind of waiting, without any fact that shows the wrong clock, is over after the next start."""

    async def wrong(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
        set_clock(YEARS_S)
        await ledger.postpone(photo, Wait(kind, time.time() + 20, 1, "it waits"))

    async def right(ledger: Ledger) -> None:
        set_clock(0)
        await ClockMonitor(ledger, lambda: None).open()
        (photo,) = await ledger.query(photos.at_state, {State.ACCEPTED}, 10)
        assert photo.wait.until_s <= time.time()

    with_ledger(tmp_path, wrong)
    with_ledger(tmp_path, right)


def test_times_within_their_kind_stay(tmp_path: Path) -> None:
    """A start with a right clock shortens nothing."""

    async def scene(ledger: Ledger) -> None:
        held = await waiting(ledger, "held.jpg", WaitKind.HELD, 20 * DAY_S)
        retried = await waiting(ledger, "retried.jpg", WaitKind.RETRY, 3000)
        await ClockMonitor(ledger, lambda: None).open()
        found = {photo.id: photo.wait.until_s for photo in await ledger.query(photos.at_state, {State.ACCEPTED}, 10)}
        assert found == {held.id: held.wait.until_s, retried.id: retried.wait.until_s}

    with_ledger(tmp_path, scene)


def test_marks_and_facts_of_another_decade_happened_now(tmp_path: Path, set_clock: SetClock) -> None:
    """States, touched and missing marks are not in the future after the correction, and their ages grow again."""

    async def wrong(ledger: Ledger) -> None:
        set_clock(YEARS_S)
        photo = await photo_at(ledger, State.REMOVAL_FINISHED, identity("a.jpg"))
        await ledger.files.mark_touched([photo.id])
        await ledger.files.mark_source_missing([photo.id], time.time())
        await ledger.remember("some value", "1")

    async def right(ledger: Ledger) -> None:
        set_clock(0)
        await ClockMonitor(ledger, lambda: None).open()
        (photo,) = await ledger.query(photos.at_state, {State.REMOVAL_FINISHED}, 10)
        now_s = time.time()
        assert photo.state_at_s <= now_s
        assert photo.source.missing_since_s is not None
        assert photo.source.missing_since_s <= now_s
        woken: list[bool] = []
        await ClockMonitor(ledger, lambda: woken.append(True)).open()
        assert not woken  # the second start finds nothing to correct

    with_ledger(tmp_path, wrong)
    with_ledger(tmp_path, right)


def test_step_back_while_running_corrects_at_once(tmp_path: Path, set_clock: SetClock) -> None:
    """A clock that is set back by years during a run is noticed, and waits end."""

    async def scene(ledger: Ledger) -> None:
        set_clock(YEARS_S)
        await waiting(ledger, "a.jpg", WaitKind.RETRY, 20)
        set_clock(0)
        await ledger.waits.shift_times(-YEARS_S)
        await ledger.waits.pull_back(is_clock_back=True)
        found = await ledger.query(photos.due, {State.ACCEPTED}, time.time(), 10)
        assert [photo.identity.path for photo in found] == ["a.jpg"]

    with_ledger(tmp_path, scene)


def test_billed_operations_of_a_wrong_day_count_for_today(tmp_path: Path, set_clock: SetClock) -> None:
    """The sums of today and of the month have them."""

    async def scene(ledger: Ledger) -> None:
        future = local_day(time.time() + YEARS_S)
        today = local_day(time.time())
        for day, number in ((future, 5), (today, 2), (future + timedelta(days=1), 1)):
            await ledger.waits._write(lambda tx, day=day, number=number: usage.add(tx, {(day, Purpose.POLL): number}))
        await ledger.waits.pull_back(is_clock_back=True)
        found = await ledger.query(usage.usage_of, today)
        assert found.today[Purpose.POLL] == 8

    with_ledger(tmp_path, scene)


def test_failures_are_reported_after_a_wrong_clock(tmp_path: Path, set_clock: SetClock) -> None:
    """What was reported in another decade does not keep later failures quiet until then, in one run or after it."""
    heard = tmp_path / "heard"
    settings = NotifySettings.model_validate({"command": ["touch", str(heard)]})

    async def scene(ledger: Ledger) -> None:
        set_clock(YEARS_S)
        notifier = Notifier(ledger, CircuitBreaker(), RunCounts(), settings)
        await notifier.look()
        set_clock(0)
        await ledger.waits.pull_back(is_clock_back=True)
        await photo_at(ledger, State.FAILED)
        await notifier.look()

    with_ledger(tmp_path, scene)
    assert heard.exists()


def test_learned_rate_of_another_decade_ages(tmp_path: Path, set_clock: SetClock) -> None:
    """A lesson about the launch rate lasts for an hour, also if a wrong clock says when it was learned."""
    settings = settings_in(tmp_path, "http://127.0.0.1:9/", folder_in(tmp_path))

    async def wrong(ledger: Ledger) -> None:
        set_clock(YEARS_S)
        budget = await open_budget(ledger, settings)
        await budget.refund(await photo_at(ledger, State.REMOVAL_INTENDED), ThrottledError("no", retry_after_s=1))
        assert budget.rate.per_minute < settings.rate_limit.launches_per_minute

    async def right(ledger: Ledger) -> None:
        set_clock(0)
        await ClockMonitor(ledger, lambda: None).open()
        set_clock(3700)
        rate = (await open_budget(ledger, settings)).rate
        assert rate.per_minute == settings.rate_limit.launches_per_minute
        assert rate.paused_for_s == 0

    with_ledger(tmp_path, wrong)
    with_ledger(tmp_path, right)


def test_rule_is_pure() -> None:
    """The bound follows from the clock that is passed in."""
    now_s = 1_800_000_000.0
    today = local_day(now_s)
    assert last_day(now_s) == today + timedelta(days=1)
    assert day_to_count_for(None, now_s) == today
    assert day_to_count_for(today - timedelta(days=3), now_s) == today
    assert day_to_count_for(today + timedelta(days=1), now_s) == today + timedelta(days=1)
    assert day_to_count_for(today + timedelta(days=2), now_s) == today
