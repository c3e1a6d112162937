"""Spending: photos held before they are sent, money given back, and what refusals taught, across restarts."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutoutd.config.settings import Limits, RateLimit, Settings
from cutoutd.core.errors import DiskError, LimitReachedError, NeverSentError, ThrottledError, UnapprovedError
from cutoutd.core.photo import NO_WAIT, Accepted, Photo, State, Uploaded, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import launches
from cutoutd.pipeline.backoff import backoff
from cutoutd.pipeline.budget.budget import Budget, learned_rate, open_budget
from support.clocks import Clock
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, settings_in
from support.ledgers import FAILED, identity, photo_at, versions_of, with_ledger


@dataclass
class Incoming:
    """A folder as seen by whoever counts what is coming in."""

    name: str
    arriving_count: int

    @property
    def is_first_scan_done(self) -> bool:
        return self.arriving_count < 99


def with_spending(place: Path, scene: Callable[[Ledger, Budget], Awaitable[None]], **limits: int) -> None:
    async def play(ledger: Ledger) -> None:
        await scene(ledger, unlimited_budget(ledger, place, **limits))

    with_ledger(place, play)


def accepted_in(place: Path, number: int = 0) -> Accepted:
    return Accepted(f"{number:064x}", 60, 40, 1, "{}", output=str(place), target="", note=None)


async def photos_at(ledger: Ledger, place: Path, state: State, number: int) -> list[Photo]:
    return [await photo_at(ledger, state, identity(f"{n}.jpg"), accepted_in(place, n)) for n in range(number)]


def settings_with(place: Path, **sections: object) -> Settings:
    settings = settings_in(place, "http://127.0.0.1:9/", folder_in(place))
    return settings.model_copy(update=sections)


def test_exactly_as_many_are_sent_as_may_be_launched(tmp_path: Path) -> None:
    """However uploads and launches interleave, no photo is sent in vain, and every allowance is used."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        sent: list[Photo] = []

        async def send(photo: Photo) -> None:
            try:
                async with spending.claim(photo):
                    await asyncio.sleep(0)
                    sent.append(await ledger.record(photo, Uploaded("source")))
            except LimitReachedError:
                return
            if photo.id % 2:
                await spending.record_launch_intent(sent[-1])

        await asyncio.gather(*(send(photo) for photo in await photos_at(ledger, tmp_path, State.ACCEPTED, 40)))
        assert len(sent) == 7

    with_spending(tmp_path, scene, per_day=7, per_month=100)


def test_a_failed_upload_gives_its_claim_back(tmp_path: Path) -> None:
    """A photo that could not be sent holds no allowance of others'."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        first, second = await photos_at(ledger, tmp_path, State.ACCEPTED, 2)
        with pytest.raises(NeverSentError):
            async with spending.claim(first):
                raise NeverSentError("no connection")
        async with spending.claim(second):
            with pytest.raises(LimitReachedError):
                async with spending.claim(first):
                    pass

    with_spending(tmp_path, scene, per_month=1)


def test_an_allowance_that_came_to_nothing_goes_to_the_next(tmp_path: Path) -> None:
    """The photo that had it failed unused: one of those held goes on, without a new day and without a restart."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        first, *others = await photos_at(ledger, tmp_path, State.ACCEPTED, 3)
        async with spending.claim(first):
            for photo in others:
                with pytest.raises(LimitReachedError) as reached:
                    async with spending.claim(photo):
                        pytest.fail("it was let through")
                await ledger.postpone(photo, backoff(reached.value, 0, time.time()))
            assert not await spending.release()
            sent = await ledger.record(first, Uploaded("source"))
        assert not await spending.release()
        await ledger.record(sent, FAILED)
        assert await spending.release()
        assert await ledger.query(photos.over_limit) == 1

    with_spending(tmp_path, scene, per_day=1)


def test_what_is_coming_in_counts_with_its_batch(tmp_path: Path) -> None:
    """Files noticed together hold each other back before the ledger has them; other folders' do not."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        photo, _ = await photos_at(ledger, tmp_path, State.ACCEPTED, 2)
        here, there = Incoming("products", 0), Incoming("people", 99)
        spending.approval.count_arriving([here, there])
        await spending.approval.require(photo)
        here.arriving_count = 1
        with pytest.raises(UnapprovedError):
            await spending.approval.require(photo)
        with pytest.raises(UnapprovedError):
            await spending.record_launch_intent(await ledger.record(photo, Uploaded("source")))
        assert spending.approval.unscanned_folders() == frozenset({"people"})

    with_spending(tmp_path, scene, confirm_over=2)


def test_a_disk_without_room_stops_before_any_claim(tmp_path: Path) -> None:
    """Neither an upload nor a launch begins while the output's or the state folder's disk is short."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        (photo,) = await photos_at(ledger, tmp_path, State.ACCEPTED, 1)
        with pytest.raises(DiskError, match="min_free_space"):
            async with spending.claim(photo):
                pytest.fail("it was let through")
        with pytest.raises(DiskError, match="min_free_space"):
            await spending.require_room(photo)

    with_spending(tmp_path, scene, min_free_bytes=10**18)


def test_a_refusal_is_given_back_and_heeded_after_a_restart(tmp_path: Path) -> None:
    """A 429 costs no allowance; the pause and the lower rate hold for the next process too."""
    folder_in(tmp_path)

    async def refused(ledger: Ledger) -> None:
        spending = await open_budget(ledger, settings_with(tmp_path))
        assert spending.launch_pace().reason == "rate_limit.launches_per_minute"
        intended = await spending.record_launch_intent(await photo_at(ledger, State.UPLOADED))
        await spending.refund(intended, ThrottledError("40 s of patience", retry_after_s=40))
        assert (await ledger.query(launches.launch_counts, time.time())).today == 0

    async def afterwards(ledger: Ledger) -> None:
        spending = await open_budget(ledger, settings_with(tmp_path))
        assert spending.rate.free == 0
        assert 30 < spending.rate.paused_for_s <= 40
        assert spending.launch_pace().per_minute == 300
        assert "asked for patience (429)" in spending.launch_pace().reason

    with_ledger(tmp_path, refused)
    with_ledger(tmp_path, afterwards)


def test_launches_of_the_last_minute_count_after_a_restart(tmp_path: Path) -> None:
    """A daemon that is restarted over and over launches no more than one that is not."""

    async def run(ledger: Ledger) -> None:
        settings = settings_with(tmp_path, rate_limit=RateLimit(launches_per_minute=3))
        for number in range(3):
            spending = await open_budget(ledger, settings)
            assert spending.rate.free == 3 - number
            await spending.record_launch_intent(await photo_at(ledger, State.UPLOADED, identity(f"{number}.jpg")))
        assert (await open_budget(ledger, settings)).rate.free == 0

    with_ledger(tmp_path, run)


def test_memory_that_makes_no_sense_is_forgotten(tmp_path: Path) -> None:
    """A value that another version wrote is no reason not to start."""

    async def scene(ledger: Ledger) -> None:
        await ledger.remember("launch_rate", '{"lesson": "go slow"}')
        assert (await open_budget(ledger, settings_with(tmp_path))).rate.per_minute == 600

    with_ledger(tmp_path, scene)


def test_a_restart_looks_anew_at_whom_a_limit_holds(tmp_path: Path) -> None:
    """The limit may be another now; photos that wait for anything else go on waiting."""

    async def scene(ledger: Ledger) -> None:
        held, waiting = await photos_at(ledger, tmp_path, State.ACCEPTED, 2)
        await ledger.postpone(held, Wait(WaitKind.HELD, 9e9, 0, "limits.per_day"))
        await ledger.postpone(waiting, Wait(WaitKind.RETRY, 9e9, 3, "Uploadcare is away"))
        assert await ledger.query(photos.held) == 1
        await open_budget(ledger, settings_with(tmp_path, limits=Limits()))
        (now,) = await ledger.query(versions_of, "0.jpg")
        assert now.wait == NO_WAIT
        (still,) = await ledger.query(versions_of, "1.jpg")
        assert still.wait.attempts == 3

    with_ledger(tmp_path, scene)


def test_a_batch_that_shrank_goes_on_without_a_person(tmp_path: Path) -> None:
    """As long as it is too large it waits, and a person is shown it; nothing else is shown."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        assert await spending.approval.held_batches() == []
        first, second, third = await photos_at(ledger, tmp_path, State.ACCEPTED, 3)
        with pytest.raises(UnapprovedError) as held:
            await spending.approval.require(first)
        await ledger.postpone(first, backoff(held.value, 0, time.time()))
        assert not await spending.release()
        (batch,) = await spending.approval.held_batches()
        assert (batch.folder, batch.photos, batch.held) == ("products", 3, 1)
        for other in (second, third):
            await ledger.record(other, FAILED)
        assert await spending.release()
        (now,) = await ledger.query(versions_of, "0.jpg")
        assert now.wait == NO_WAIT
        assert await spending.approval.held_batches() == []

    with_spending(tmp_path, scene, confirm_over=2)


MEMORY = {"lesson": {"per_minute": 30.0, "accepted": 31}, "paused_until_s": 0.0, "paused_at_s": 0.0}


def remembered(**values: float | None) -> str:
    """The stored words of an earlier process."""
    return json.dumps({**MEMORY, **values})


@pytest.mark.parametrize(
    ("memory", "per_minute", "is_paused"),
    [
        ({"learned_at_s": -600}, 30.0, False),
        ({"learned_at_s": -7200}, 600.0, False),
        ({"learned_at_s": -600, "paused_at_s": -10, "paused_until_s": 50}, 30.0, True),
        ({"learned_at_s": -600, "paused_at_s": 3600, "paused_until_s": 3660}, 30.0, False),
    ],
    ids=["young", "old", "paused", "of a clock that was ahead"],
)
def test_a_restart_believes_what_may_still_be_true(
    tmp_path: Path, memory: dict[str, float], per_minute: float, *, is_paused: bool
) -> None:
    """A lesson counts for an hour, a pause until its end, and a pause from the future is of a wrong clock."""

    async def scene(ledger: Ledger) -> None:
        await ledger.remember("launch_rate", remembered(**{key: time.time() + value for key, value in memory.items()}))
        spending = await open_budget(ledger, settings_with(tmp_path))
        assert spending.rate.per_minute == per_minute
        assert (spending.rate.paused_for_s > 0) is is_paused
        if is_paused:
            until = datetime.fromtimestamp(time.time() + spending.rate.paused_for_s, UTC).astimezone()
            assert f"{until:%H:%M}" in spending.launch_pace().reason

    folder_in(tmp_path)
    with_ledger(tmp_path, scene)


def test_a_lesson_keeps_its_age_over_restarts(tmp_path: Path) -> None:
    """Else a daemon that is restarted every hour would be slow for ever."""

    async def scene(ledger: Ledger) -> None:
        learned_at_s = time.time() - 1800
        await ledger.remember("launch_rate", remembered(learned_at_s=learned_at_s))
        spending = await open_budget(ledger, settings_with(tmp_path))
        await spending.record_launch_intent(await photo_at(ledger, State.UPLOADED))
        stored = json.loads(await ledger.query(photos.remembered, "launch_rate") or "")
        assert stored["learned_at_s"] == pytest.approx(learned_at_s)
        assert await ledger.query(learned_rate, 600) == 30.0
        assert await ledger.query(learned_rate, 20) == 20.0

    folder_in(tmp_path)
    with_ledger(tmp_path, scene)


def test_without_a_lesson_the_ceiling_is_the_rate(tmp_path: Path) -> None:
    """A plan says how long the photos take by what is known."""

    async def scene(ledger: Ledger) -> None:
        assert await ledger.query(learned_rate, 600) == 600.0

    with_ledger(tmp_path, scene)


def test_refusals_are_counted_and_a_pause_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two launches under way meet one pause, and a call that was never sent is no refusal."""

    async def scene(ledger: Ledger) -> None:
        spending = unlimited_budget(ledger, tmp_path)
        assert spending.throttled == 0
        errors = [ThrottledError("slow", retry_after_s=40), ThrottledError("slow", retry_after_s=40)]
        for number, error in enumerate([*errors, NeverSentError("no connection")]):
            photo = await photo_at(ledger, State.UPLOADED, identity(f"{number}.jpg"))
            await spending.refund(await spending.record_launch_intent(photo), error)
            assert [record.action for record in caplog.records].count("launches_paused") == 1
        assert spending.throttled == 2

    with_ledger(tmp_path, scene)


def test_a_refusal_without_a_time_is_no_pause(tmp_path: Path) -> None:
    """Uploadcare named none, and the lower rate spaces the launches."""

    async def scene(ledger: Ledger) -> None:
        spending = unlimited_budget(ledger, tmp_path, clock=Clock())
        photo = await photo_at(ledger, State.UPLOADED)
        await spending.refund(await spending.record_launch_intent(photo), ThrottledError("slow"))
        assert spending.rate.paused_for_s == 0

    with_ledger(tmp_path, scene)


def test_a_late_refusal_does_not_undo_what_the_first_one_taught(tmp_path: Path) -> None:
    """The photo's launch was taken before the pause: the rate is told which photo was refused."""

    async def scene(ledger: Ledger) -> None:
        clock = Clock()
        spending = unlimited_budget(ledger, tmp_path, launches_per_minute=600, clock=clock)
        for number in range(2):
            photo = await photo_at(ledger, State.UPLOADED, identity(f"{number}.jpg"))
            spending.rate.take(photo.id)
        for photo in await ledger.query(photos.at_state, {State.UPLOADED}, 9):
            clock.now_s += 1.0
            await spending.refund(await spending.record_launch_intent(photo), ThrottledError("slow"))
        assert spending.rate.per_minute <= 300

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("refusals_s", "after_s", "words", "is_throttled"),
    [
        ((), 0.0, "rate_limit.launches_per_minute", False),
        ((30.0,), 0.0, "asked for patience", True),
        ((30.0,), 29.5, "asked for patience", True),
        ((30.0,), 31.0, "refused more after 0 in a minute", True),
        ((30.0, 1.5), 31.0, "asked for patience", True),
    ],
    ids=["nothing", "paused", "paused for a moment more", "learned", "paused by chance"],
)
def test_the_pace_says_what_slows_it_down(
    tmp_path: Path, refusals_s: tuple[float, ...], after_s: float, words: str, *, is_throttled: bool
) -> None:
    """The configuration, a pause that Uploadcare asked for, or the rate that its refusals taught."""

    async def scene(ledger: Ledger) -> None:
        clock = Clock()
        spending = unlimited_budget(ledger, tmp_path, launches_per_minute=600, clock=clock)
        for number, pause_s in enumerate(refusals_s):
            photo = await photo_at(ledger, State.UPLOADED, identity(f"{number}.jpg"))
            error = ThrottledError("slow", retry_after_s=pause_s)
            await spending.refund(await spending.record_launch_intent(photo), error)
            clock.now_s += after_s if pause_s == 30.0 else 1.0
        pace = spending.launch_pace()
        assert words in pace.reason
        assert pace.is_throttled is is_throttled
        assert pace.per_minute == spending.rate.per_minute

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("limit", ["per_day", "per_month"])
def test_a_launch_beyond_the_limit_is_not_even_intended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, limit: str
) -> None:
    """Both photos were uploaded; the count and the intent are one transaction, and the limit is told once."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        first, *others = await photos_at(ledger, tmp_path, State.UPLOADED, 3)
        assert (await spending.record_launch_intent(first)).state is State.REMOVAL_INTENDED
        for other in others:
            with pytest.raises(LimitReachedError, match=limit):
                await spending.record_launch_intent(other)
        assert await ledger.query(photos.count, {State.UPLOADED}) == 2
        assert (await ledger.query(launches.launch_counts, time.time())).today == 1

    with_spending(tmp_path, scene, **{limit: 1})
    assert [record.action for record in caplog.records].count("limit_reached") == 1


def test_the_folder_of_a_cutout_is_made_before_its_launch_and_no_sooner(tmp_path: Path) -> None:
    """A photo that is only sent may never get a cutout; before it is paid for its place is made."""

    async def scene(ledger: Ledger, spending: Budget) -> None:
        accepted = accepted_in(tmp_path)
        photo = await ledger.discover(identity("of/a.jpg"))
        assert photo is not None
        photo = await ledger.accept(photo, accepted, ["of/a.png"])
        await spending.require_room(photo)
        assert not (tmp_path / "of").exists()
        await spending.require_room(photo, is_launching=True)
        assert (tmp_path / "of").is_dir()

    with_spending(tmp_path, scene)
