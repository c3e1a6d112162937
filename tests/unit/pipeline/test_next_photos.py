"""The look of a stage: which photos are stuck, and which one probes during a halt."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import AddonRefusedError, KeysRefusedError
from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries.picking import PickQuery, RoomQuery
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.next_photos import DueQuery, NewestMoved, is_probed_at
from cutoutd.pipeline.scheduling.stages import Stage
from support.ledgers import identity, photo_at, with_ledger


def at(state: State, at_s: float) -> Photo:
    """A photo that came to a state at this time."""
    return replace(Photo(1, identity(), state, at_s), state_at_s=at_s)


def test_the_newest_photo_that_went_on_shows_which_are_stuck() -> None:
    """Those that came before it and are late were passed by. A step back or to an end shows nothing."""
    moved = NewestMoved()
    moved.note(at(State.UPLOADED, 100.0), at(State.REMOVAL_STARTED, 130.0))
    moved.note(at(State.UPLOADED, 50.0), at(State.REMOVAL_STARTED, 140.0))
    assert moved.by(200.0) == {State.UPLOADED: 100.0, State.REMOVAL_INTENDED: 140.0}
    for before, after in (
        (State.UPLOADED, State.ACCEPTED),
        (State.REMOVAL_STARTED, State.ACCEPTED),
        (State.REMOVAL_FINISHED, State.FAILED),
        (State.DISCOVERED, State.ACCEPTED),
    ):
        moved.note(at(before, 190.0), at(after, 195.0))
    assert moved.by(200.0) == {State.UPLOADED: 100.0, State.REMOVAL_INTENDED: 140.0}
    moved.note(at(State.REMOVAL_STARTED, 141.0), at(State.REMOVAL_FINISHED, 150.0))
    moved.note(at(State.REMOVAL_FINISHED, 150.0), at(State.PUBLISHED, 160.0))
    assert moved.by(200.0) == {
        State.UPLOADED: 100.0,
        State.REMOVAL_INTENDED: 140.0,
        State.REMOVAL_STARTED: 141.0,
        State.REMOVAL_FINISHED: 150.0,
    }


def test_a_clock_that_was_set_back_makes_no_photo_stuck_for_ever() -> None:
    """Times in the future are forgotten, also when the clock has come to them again."""
    moved = NewestMoved()
    moved.note(at(State.UPLOADED, 100.0), at(State.REMOVAL_STARTED, 130.0))
    assert moved.by(100.0) == {State.UPLOADED: 100.0}
    assert moved.by(200.0) == {State.UPLOADED: 100.0}


PROBES = {State.ACCEPTED: False, State.UPLOADED: True, State.REMOVAL_INTENDED: True, State.REMOVAL_STARTED: False}


async def probing(ledger: Ledger, breaker: CircuitBreaker, *busy: State) -> dict[State, bool]:
    return {state: await is_probed_at(state, breaker, frozenset(busy), ledger) for state in PROBES}


async def nothing(_ledger: Ledger, _uploaded: Photo, _breaker: CircuitBreaker) -> None:
    """The photo can probe at once."""


async def waits(ledger: Ledger, uploaded: Photo, seconds: float) -> None:
    await ledger.postpone(uploaded, Wait(WaitKind.RETRY, time.time() + seconds, 1, "no connection"))


async def waits_long(ledger: Ledger, uploaded: Photo, _breaker: CircuitBreaker) -> None:
    """The photo waits for longer than a probe may."""
    await waits(ledger, uploaded, 90.0)


async def waits_shortly(ledger: Ledger, uploaded: Photo, _breaker: CircuitBreaker) -> None:
    """The photo is due within the minute."""
    await waits(ledger, uploaded, 30.0)


@pytest.mark.parametrize(
    ("happens", "busy", "expected"),
    [
        (nothing, (), PROBES),
        (waits_shortly, (), PROBES),
        (waits_long, (), PROBES | {State.ACCEPTED: True, State.UPLOADED: False}),
        (nothing, (State.DISCOVERED, State.REMOVAL_STARTED), PROBES),
        (nothing, (State.ACCEPTED,), PROBES | {State.UPLOADED: False}),
        (nothing, (State.UPLOADED,), PROBES | {State.UPLOADED: False}),
    ],
    ids=["at once", "soon", "later", "others at work", "an earlier one at work", "a probe at work"],
)
def test_one_photo_probes_and_lost_launches_are_looked_for(
    tmp_path: Path, happens: Callable[..., object], busy: tuple[State, ...], expected: dict[State, bool]
) -> None:
    """The photo that is furthest on towards the refused step, and one only. What is paid for is looked for anyway."""

    async def scene(ledger: Ledger) -> None:
        for state in (State.DISCOVERED, State.ACCEPTED, State.REMOVAL_STARTED):
            await photo_at(ledger, state, identity(f"{state}.jpg"))
        uploaded = await photo_at(ledger, State.UPLOADED)
        breaker = CircuitBreaker()
        breaker.open(KeysRefusedError("401"), State.UPLOADED)
        await happens(ledger, uploaded, breaker)  # type: ignore[misc]  # each is a coroutine
        assert await probing(ledger, breaker, *busy) == expected

    with_ledger(tmp_path, scene)


def test_a_photo_that_was_refused_again_leaves_the_probe_to_others(tmp_path: Path) -> None:
    """The refusal may be about it alone, which only another photo can show."""

    async def scene(ledger: Ledger) -> None:
        suspect = await photo_at(ledger, State.UPLOADED)
        breaker = CircuitBreaker()
        error = AddonRefusedError("403")
        for _ in range(2):
            breaker.refuse(error, suspect)
        await photo_at(ledger, State.ACCEPTED, identity("other.jpg"))
        assert breaker.suspects == {suspect.id}
        assert await is_probed_at(State.ACCEPTED, breaker, frozenset(), ledger)
        assert not await is_probed_at(State.UPLOADED, breaker, frozenset(), ledger)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("running", "ago_s", "expected"),
    [
        (0, 0.0, (2, False, 2.0, False)),
        (1, 0.0, (2, False, 1.0, False)),
        (2, 0.0, (0, True, 0.0, False)),
        (1, 500.0, (2, False, 1.0, True)),
        (2, 70.0, (2, False, 1.0, True)),
    ],
    ids=["nothing runs", "one runs", "two run", "a late one", "two late ones, and a trial"],
)
def test_a_look_returns_photos_only_if_there_is_room_downstream(
    tmp_path: Path, running: int, ago_s: float, expected: tuple[int, bool, float, bool]
) -> None:
    """Without room it says that there may be more; and whether late photos take places."""
    stage = Stage("launch", State.UPLOADED, 2, frozenset({State.REMOVAL_STARTED}), max_downstream=2)

    async def scene(ledger: Ledger) -> None:
        for number in range(running):
            await photo_at(ledger, State.REMOVAL_STARTED, identity(f"runs {number}.jpg"))
        for number in range(2):
            await photo_at(ledger, State.UPLOADED, identity(f"{number}.jpg"))
        waiting = await photo_at(ledger, State.UPLOADED, identity("waits.jpg"))
        now_s = time.time() + ago_s
        await ledger.postpone(waiting, Wait(WaitKind.RETRY, now_s + 50.0, 1, "no connection"))
        room = RoomQuery(stage.downstream, now_s=now_s, late_after_s=60.0)
        found = await ledger.query(DueQuery(stage, PickQuery(State.UPLOADED, now_s, 9), room).run)
        assert (len(found.photos), found.has_more, found.room, found.has_late) == expected
        assert found.next_due_s == (pytest.approx(now_s + 50.0) if found.photos else None)
        certain = await ledger.query(DueQuery(stage, PickQuery(State.UPLOADED, now_s, 9), None).run)
        assert (len(certain.photos), certain.room, certain.has_late) == (2, math.inf, False)

    with_ledger(tmp_path, scene)
