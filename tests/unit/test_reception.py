"""Reception: which finished files are photos already, and how the others become some."""

import asyncio
from pathlib import Path

import pytest

from allowances import generous
from cutoutd.config.settings import Concurrency, Folder
from cutoutd.core.photo import State
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos as questions
from cutoutd.pipeline.completion.poll_schedule import Pace
from cutoutd.pipeline.discovery import Reception
from cutoutd.pipeline.photo_pipeline import Journey
from cutoutd.pipeline.scheduling.halt import Halt
from cutoutd.pipeline.scheduling.run_counts import Tally
from cutoutd.pipeline.scheduling.stages import lanes_for
from cutoutd.pipeline.scheduling.workers import Lanes
from cutoutd.uploadcare.throttling import Pauses
from cutoutd.watch.availability import Standby
from ledgers import identity, in_database, photo_at, state_of, with_ledger
from stand_in import StandIn

SEEN = Sighting("a.jpg", 1000, 1, 1, 7, is_closed=True)


def reception_of(ledger: Ledger, tally: Tally) -> Reception:
    spending = generous(ledger, Path())
    folders = {name: Folder(name=name, input=Path("/in"), output=Path("/out")) for name in ("products", "people")}
    standby = Standby(ledger, folders)
    journey = Journey(ledger, StandIn(), spending, Pace(), standby)
    lanes = Lanes(ledger, journey, Halt(), tally, lanes_for(Concurrency(), spending.rate, Pauses()))
    return Reception(ledger, lanes, standby)


def test_a_finished_file_becomes_a_photo_once(tmp_path: Path) -> None:
    """The same version delivered twice is one photo; what is known is told apart from what is not."""
    tally = Tally()

    async def scene(ledger: Ledger) -> None:
        reception = reception_of(ledger, tally)
        newer = Sighting("a.jpg", 1000, 2, 2, 7)
        assert await reception.unknown_of("products", [SEEN, newer]) == [SEEN, newer]
        await reception.deliver("products", SEEN)
        await reception.deliver("products", SEEN)
        assert await reception.unknown_of("products", [SEEN, newer]) == [newer]
        assert await reception.unknown_of("people", [SEEN]) == [SEEN]
        await reception.deliver("products", newer)
        assert len(await ledger.ask(questions.versions_of, "a.jpg")) == 2

    with_ledger(tmp_path, scene)
    assert tally.met == 2


def test_names_that_the_ledger_cannot_hold_are_left_alone(tmp_path: Path) -> None:
    """A name with characters that stand for undecodable bytes in the ledger would be found anew for ever."""

    async def scene(ledger: Ledger) -> None:
        odd = Sighting("a\U0010ff80.jpg", 1000, 1, 1, 7)
        assert await reception_of(ledger, Tally()).unknown_of("products", [odd, SEEN]) == [SEEN]

    with_ledger(tmp_path, scene)


def test_a_superseded_version_is_unknown(tmp_path: Path) -> None:
    """A file that was moved away and back is taken again."""

    async def scene(ledger: Ledger) -> list[State]:
        await photo_at(ledger, State.SUPERSEDED, identity())
        reception = reception_of(ledger, Tally())
        assert await reception.unknown_of("products", [SEEN]) == [SEEN]
        await reception.deliver("products", SEEN)
        return await ledger.ask(state_of, "a.jpg")

    assert with_ledger(tmp_path, scene) == [State.SUPERSEDED, State.DISCOVERED]


def test_a_ledger_in_trouble_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the ledger takes nothing, a delivery waits and says so; then the photo is there."""
    monkeypatch.setattr("cutoutd.pipeline.discovery._LEDGER_TROUBLE_WAIT_S", 0.01)

    async def scene(ledger: Ledger) -> None:
        in_database(tmp_path, "CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
        delivery = asyncio.create_task(reception_of(ledger, Tally()).deliver("products", SEEN))
        await asyncio.wait([delivery], timeout=0.1)
        assert not delivery.done()
        assert await ledger.ask(questions.versions_of, "a.jpg") == []
        in_database(tmp_path, "DROP TRIGGER no")
        await asyncio.wait_for(delivery, 60)
        assert len(await ledger.ask(questions.versions_of, "a.jpg")) == 1

    with_ledger(tmp_path, scene)
    assert "ledger_trouble" in [record.action for record in caplog.records]
