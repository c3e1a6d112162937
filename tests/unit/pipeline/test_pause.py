"""The pause that a person ordered: what it holds back, and that no restart forgets it."""

import asyncio
import math
from pathlib import Path

import pytest

from cutoutd.config.settings import Concurrency
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import Command, CommandResult, PauseCommand, ResumeCommand
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.pipeline.scheduling.pause import PauseState, pause_in
from cutoutd.pipeline.scheduling.stages import StageHolds, stages_for
from cutoutd.uploadcare.connections import Throttle
from support.ledgers import with_ledger


async def ordered(ledger: Ledger, *orders: Command) -> list[CommandResult]:
    clerk = CommandExecutor(ledger, (), lambda _photo: None)
    return [await clerk.execute(order) for order in orders]


def test_a_pause_outlives_a_restart(tmp_path: Path) -> None:
    """It is stored with its reason and its beginning, and so is its end."""

    async def begin(ledger: Ledger) -> None:
        await PauseState(ledger).begin("too expensive today")

    async def go_on(ledger: Ledger) -> tuple[float, float]:
        intermission = PauseState(ledger)
        await intermission.open()
        pause = intermission.pause
        assert pause is not None
        assert pause.reason == "too expensive today"
        assert pause == await ledger.query(pause_in)
        before_s = intermission.remaining_s()
        await intermission.end()
        return before_s, intermission.remaining_s()

    with_ledger(tmp_path, begin)
    assert with_ledger(tmp_path, go_on) == (math.inf, 0.0)
    assert with_ledger(tmp_path, lambda ledger: ledger.query(pause_in)) is None


def test_both_may_be_said_twice(tmp_path: Path) -> None:
    """Whoever pauses or resumes again hears that there was nothing to do; another reason replaces the first."""

    async def play(ledger: Ledger) -> list[CommandResult]:
        return await ordered(
            ledger,
            ResumeCommand(),
            PauseCommand("a"),
            PauseCommand(),
            PauseCommand("a"),
            PauseCommand("b"),
            ResumeCommand(),
            ResumeCommand(),
        )

    answers = with_ledger(tmp_path, play)
    assert [answer.is_idle for answer in answers] == [True, False, True, True, False, False, True]
    assert answers[4].done[0].endswith(": b")
    since = [answer.done[0].rpartition(": ")[0] for answer in answers[1:5] if not answer.is_idle]
    assert len(set(since)) == 1


def test_it_holds_back_what_costs_money_and_nothing_else() -> None:
    """Uploads and launches rest; checking, asking, searching and publishing go on."""
    ways = stages_for(Concurrency(), LaunchRate(600), Throttle(), StageHolds(paused_for_s=lambda: math.inf))
    assert {lane.state for lane in ways if lane.paused_for_s() > 0} == {State.ACCEPTED, State.UPLOADED}


def test_its_end_is_told_at_once(tmp_path: Path) -> None:
    """Who rested for it does not find out by looking again."""

    async def play() -> int:
        told: list[None] = []
        async with open_ledger(tmp_path) as ledger:
            intermission = PauseState(ledger)
            intermission.call_at_end(lambda: told.append(None))
            await intermission.begin("")
            await intermission.end()
        return len(told)

    assert asyncio.run(play()) == 1


@pytest.mark.parametrize("kept", ["", "[]", '{"until_s": 1}'])
def test_a_pause_kept_in_another_way_still_is_one(tmp_path: Path, kept: str) -> None:
    """Going on by mistake would cost money."""

    async def play(ledger: Ledger) -> bool:
        await ledger.remember("pause", kept)
        return await ledger.query(pause_in) is not None

    assert with_ledger(tmp_path, play) is bool(kept)
