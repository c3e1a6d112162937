"""Standing still: each reason has one entry, with its end, in status, page and metrics."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutoutd.config.settings import Concurrency, Limits, Price
from cutoutd.core.errors import KeysRefusedError, LedgerLockedError, ThrottledError
from cutoutd.core.photo import NOT_DELAYED, LaunchResponseLost, State, Wait, WaitKind
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.changes import PhotoCounts
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import Pause
from cutoutd.pipeline.scheduling.stage_queue import StageQueue
from cutoutd.pipeline.scheduling.stages import StageHolds, stages_for
from cutoutd.status.live_standstills import StandstillSources
from cutoutd.status.live_state import LiveState
from cutoutd.status.standstill import Standstill, StandstillCode, StoredStandstills, standstills
from cutoutd.status.status import status_as_json, status_in, stored_standstills
from cutoutd.uploadcare.connections import RequestKind, Throttle
from cutoutd.watch.availability.unavailable_folder import UnavailableFolder
from support.ledgers import identity, photo_at, with_ledger


class Daemon:
    """The parts of a daemon that know what stands still, at rest."""

    def __init__(self) -> None:
        self.breaker = CircuitBreaker()
        self.throttle = Throttle()
        self.rate = LaunchRate(10)
        self.unscanned: set[str] = set()
        self.stranded: set[str] = set()
        self.unavailable: list[UnavailableFolder] = []
        holds = StageHolds(lambda: self.unscanned, lambda: self.stranded)
        stages = stages_for(Concurrency(), self.rate, self.throttle, holds)
        self.queues = {stage.state: StageQueue(stage, PhotoCounts()) for stage in stages}
        self.steps = SimpleNamespace(ledger_trouble=None)

    def found(self) -> tuple[Standstill, ...]:
        """Return what stands still now."""
        availability: Any = SimpleNamespace(unavailable=lambda: self.unavailable)
        pool: Any = SimpleNamespace(queues=self.queues, steps=self.steps)
        unscanned = lambda: self.unscanned  # noqa: E731
        return StandstillSources(self.breaker, pool, availability, self.throttle.ends, unscanned).now()


def codes(found: Iterator[Standstill] | tuple[Standstill, ...]) -> list[str]:
    return [f"{each.stage} {each.code}" for each in found]


def halt(daemon: Daemon) -> None:
    daemon.breaker.open(KeysRefusedError("401"), State.UPLOADED)


def break_ledger(daemon: Daemon) -> None:
    daemon.steps.ledger_trouble = LedgerLockedError("it is locked")


def throttle(daemon: Daemon) -> None:
    with pytest.raises(ThrottledError), daemon.throttle.obey(RequestKind.DOWNLOADS):
        raise ThrottledError("429", retry_after_s=50)


def pause_launches(daemon: Daemon) -> None:
    daemon.rate.refuse(50.0)


def use_up_rate(daemon: Daemon) -> None:
    for photo_id in range(5):
        daemon.rate.take(photo_id)
    daemon.queues[State.UPLOADED].has_backlog = True


def fill_places(daemon: Daemon) -> None:
    queue = daemon.queues[State.UPLOADED]
    queue.has_backlog = queue.is_blocked = True


def leave_unscanned(daemon: Daemon) -> None:
    daemon.unscanned = {"shop"}


def strand(daemon: Daemon) -> None:
    daemon.stranded = {"shop"}


def unmount(daemon: Daemon) -> None:
    daemon.unavailable = [UnavailableFolder("shop", "it is not mounted", 1.0)]


LIVE = [
    (halt, ["all halted"], True),
    (break_ledger, ["all ledger"], False),
    (throttle, ["download throttled"], True),
    (pause_launches, ["launch throttled"], True),
    (use_up_rate, ["launch rate"], True),
    (fill_places, ["launch places"], False),
    (leave_unscanned, ["upload unscanned"], False),
    (strand, ["upload stranded", "launch stranded"], False),
    (unmount, ["all unavailable"], False),
]


@pytest.mark.parametrize(("cause", "expected", "has_end"), LIVE)
def test_what_the_daemon_knows(cause: Any, expected: list[str], *, has_end: bool) -> None:  # noqa: ANN401
    """Each cause is one entry of the stage that it holds, with the time at which it ends or is tried again."""
    daemon = Daemon()
    assert daemon.found() == ()
    cause(daemon)
    found = daemon.found()
    assert codes(found) == expected
    assert all((each.until_s is not None and each.until_s >= time.time() - 1) is has_end for each in found)


async def fill(ledger: Ledger) -> None:
    for kind in set(WaitKind) - NOT_DELAYED:
        photo = await photo_at(ledger, State.ACCEPTED, identity(f"{kind}.jpg"))
        await ledger.postpone(photo, Wait(kind, 5e9, 1, f"because of {kind}"))
    lost = await photo_at(ledger, State.REMOVAL_INTENDED, identity("lost.jpg"))
    await ledger.record(lost, LaunchResponseLost(1.0, "reset"))


def test_every_reason_has_an_entry(tmp_path: Path) -> None:
    """Whatever holds photos stands in `status` and its JSON: every code is reached by its cause, every wait is told."""
    with_ledger(tmp_path, fill)
    daemon = Daemon()
    for cause, _, _ in LIVE:
        cause(daemon)
    live = LiveState(pid=1, started_at_s=0.0, standstills=daemon.found())
    assert LiveState.model_validate_json(live.model_dump_json()) == live
    with read_ledger(tmp_path) as ledger:
        stopped = status_in(ledger, None, Limits(), Price(), is_running=False)
        stored = replace(stored_standstills(ledger, None), pause=Pause("lunch", 1.0))
        status = status_in(ledger, live, Limits(), Price())
    rate = Daemon()
    use_up_rate(rate)
    found = (*status.standstills, *stopped.standstills, *standstills(rate.found(), stored, status.totals))
    assert {each.code for each in found} == set(StandstillCode)
    told = {each.reason: each for each in status.standstills}
    for kind in set(WaitKind) - NOT_DELAYED:
        assert told[f"because of {kind}"].photos == 1
        assert (told[f"because of {kind}"].until_s is None) is (kind is WaitKind.UNAPPROVED)
    assert [each["code"] for each in status_as_json(status)["standstills"]] == [
        each.code for each in status.standstills
    ]


def test_nothing_stands_still_at_rest(tmp_path: Path) -> None:
    """A daemon with nothing to do tells nothing, also while it does not run."""
    with_ledger(tmp_path, lambda ledger: photo_at(ledger, State.PUBLISHED))
    with read_ledger(tmp_path) as ledger:
        assert status_in(ledger, None, Limits(), Price(), is_running=False).standstills == ()
    assert standstills((), StoredStandstills(), ()) == ()
