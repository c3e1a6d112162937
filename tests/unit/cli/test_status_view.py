"""Status and history: the numbers, the stable JSON, and what a terminal shows."""

import asyncio
import io
import json
import os
import time
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from cutoutd.app.check import Finding, Level
from cutoutd.cli.terminal.status_view import show_findings, show_history, show_status
from cutoutd.config.settings import Limits, Price
from cutoutd.core.errors import LedgerError, LedgerMissingError
from cutoutd.core.photo import (
    LaunchOutcomeUnknown,
    LaunchResponseLost,
    RemovalIntended,
    RemovalStarted,
    State,
    Wait,
    WaitKind,
)
from cutoutd.core.photo.photo_selector import PhotoSelector
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.ledger import Ledger, hold_ledger, open_ledger
from cutoutd.status.live_state import LiveHalt, LiveState, SettlingFile, write_live_state
from cutoutd.status.status import event_as_json, read_history, read_status, status_as_json
from support.ledgers import identity, photo_at, with_ledger

LIVE = LiveState(
    pid=7,
    started_at_s=0.0,
    settling=(SettlingFile(folder="products", path="b.jpg", since_s=1.0, reason="it is still growing"),),
    settling_count=1,
    ignored=4,
    halt=LiveHalt(title="Uploadcare refused the keys", sentence="401"),
    throttled_until={"downloads": 0.0},
)


async def fill(ledger: Ledger) -> None:
    waiting = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
    await ledger.postpone(waiting, Wait(WaitKind.RETRY, 50.0, 1, "Uploadcare is away"))
    await photo_at(ledger, State.REJECTED, identity("\x1b[31m\udcff.jpg"))
    await photo_at(ledger, State.PUBLISHED, identity("c.jpg", folder="people"))


def shown(show: object, *values: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(console, *values)
    text = console.file.getvalue()
    text.encode()
    assert "\x1b" not in text
    return text


def test_status_before_the_first_run(tmp_path: Path) -> None:
    """Where nothing ever ran there is nothing to tell, and asking makes nothing."""
    state_dir = tmp_path / "state"
    status = read_status(state_dir, Limits())
    assert status_as_json(status)["folders"] == {}
    assert not state_dir.exists()
    assert "not running" in shown(show_status, status)
    with pytest.raises(LedgerMissingError):
        read_history(state_dir, None, 10)


def test_status_is_the_ledgers_and_the_daemons(tmp_path: Path) -> None:
    """Numbers by folder and state, who waits, what came to nothing; what only a running daemon knows when one runs."""
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    with_ledger(state_dir, fill)
    write_live_state(state_dir, LIVE)
    asleep = status_as_json(read_status(state_dir, Limits()))
    assert (asleep["running"], asleep["settling"], asleep["halt"]) == (False, [], None)
    with hold_ledger(state_dir):
        status = read_status(state_dir, Limits())
    told = json.loads(json.dumps(status_as_json(status)))
    assert told["running"]
    assert told["folders"]["products"]["accepted"] == told["folders"]["people"]["published"] == 1
    assert set(told["folders"]["people"]) == set(State)
    assert (told["ignored"], told["halt"]) == (4, "Uploadcare refused the keys: 401")
    assert told["waiting"] == [
        {"folder": "products", "path": "a.jpg", "state": "accepted", "until_s": 50.0, "reason": "Uploadcare is away"}
    ]
    assert told["troubled"][0]["path"] == "\x1b[31m\udcff.jpg"
    assert told["troubled"][0]["code"] == "empty"
    text = shown(show_status, status)
    assert "nothing is sent before" in text
    for words in ("process 7", "Halted: ", "Still being written (1)", "Uploadcare is away", "\\x1b[31m\\udcff.jpg"):
        assert words in text


async def launch_again(ledger: Ledger) -> None:
    """A launch whose answer was lost, another of the same photo, and a photo that no launch was left for."""
    photo = await photo_at(ledger, State.REMOVAL_INTENDED)
    lost = LaunchResponseLost(1.0, "api.test is in trouble: it answered 502 (HTTP 502)")
    for fact in (lost, LaunchOutcomeUnknown(1.0), RemovalIntended(), RemovalStarted("request-2")):
        photo = await ledger.record(photo, fact)
    held = await photo_at(ledger, State.ACCEPTED, identity("b.jpg"))
    await ledger.postpone(held, Wait(WaitKind.HELD, 9e9, 0, "limits.per_day allows 2 removals"))


def test_status_tells_what_was_spent(tmp_path: Path) -> None:
    """Launches against the limits, the working rate and why, and what may have been paid for twice."""
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    with_ledger(state_dir, launch_again)
    write_live_state(
        state_dir, LiveState(pid=7, started_at_s=0.0, launches_per_minute=19.0, launch_reason="refused (429)")
    )
    with hold_ledger(state_dir):
        status = read_status(state_dir, Limits(per_day=2))
    told = json.loads(json.dumps(status_as_json(status)))
    assert told["launches"] == {
        "today": 2,
        "this_month": 2,
        "per_day": 2,
        "per_month": None,
        "held": 1,
        "lost": 1,
        "per_minute": 19.0,
        "reason": "refused (429)",
    }
    (again,) = told["possible_double_charges"]
    (lost,) = again.pop("lost_launches")
    assert again == {"folder": "products", "path": "a.jpg", "source_uuid": "source-uuid", "request_id": "request-2"}
    assert (lost["source_uuid"], lost["lost_because"][-10:]) == ("source-uuid", "(HTTP 502)")
    assert abs(time.time() - lost["at_s"]) < 60
    text = shown(show_status, status)
    for words in (
        "2 of 2",
        "held or unapproved",
        "19 a minute: refused (429)",
        "paid for twice",
        "request-2",
        "UTC on upload source-uuid",
    ):
        assert words in text


def test_status_tells_what_operations_cost(tmp_path: Path) -> None:
    """Operations by purpose, for today and the month; removals' own and money where the configuration knows them."""
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    operations = UsageCounter()
    operations.count(Purpose.UPLOAD, 3)
    operations.count(Purpose.POLL, 2)

    async def launch() -> None:
        async with open_ledger(state_dir, operations) as ledger:
            await photo_at(ledger, State.REMOVAL_INTENDED)

    asyncio.run(launch())
    plain = read_status(state_dir, Limits())
    counted = {"upload": 3, "launch": 0, "poll": 2, "other": 0}
    no_money = {"money": None, "currency": None}
    assert status_as_json(plain)["operations"]["today"] == {**counted, "removals": None, "total": 5, **no_money}
    assert "at least 5 operations" in shown(show_status, plain)
    price = Price(operations_per_removal=95, per_1000_operations=Decimal("0.50"))
    priced = read_status(state_dir, Limits(), price)
    told = json.loads(json.dumps(status_as_json(priced)))["operations"]
    money = {"money": 0.05, "currency": None}
    assert told["this_month"] == told["today"] == {**counted, "removals": 95, "total": 100, **money}
    assert "100 operations, 0.05 in money: 3 upload, 2 poll, 95 for removals" in shown(show_status, priced)


def test_history_is_one_line_per_fact(tmp_path: Path) -> None:
    """Every line of JSON is an object with the fact's own values; on a terminal names cannot give commands."""
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    with_ledger(state_dir, fill)
    events = read_history(state_dir, None, 100)
    first = json.loads(json.dumps(event_as_json(events[0])))
    assert set(first) >= {"photo_id", "folder", "path", "at_s", "from_state", "to_state", "detail"}
    assert (first["from_state"], first["to_state"]) == (None, "discovered")
    lines = shown(show_history, events).splitlines()
    assert len(lines) == len(events)
    assert any("it is empty (0 bytes)" in line for line in lines)
    assert {event.path for event in read_history(state_dir, [PhotoSelector(None, "c.jpg")], 100)} == {"c.jpg"}


def test_findings_are_told_with_what_to_do() -> None:
    """Each finding is a line with its level; advice stands below it."""
    text = shown(
        show_findings, [Finding(Level.FAULT, "keys", "refused", "Check [them]."), Finding(Level.GOOD, "a", "b")]
    )
    assert text.splitlines() == [" fault  keys: refused", "        Check [them].", "    ok  a: b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it has to look as somebody else")
def test_a_private_state_folder_is_told_in_words(tmp_path: Path) -> None:
    """Who may not look into the state folder hears whose it is, and sees no trace."""
    state_dir = tmp_path / "state"
    state_dir.mkdir(mode=0o700)
    with_ledger(state_dir, fill)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(LedgerError, match="may not be read"):
            read_status(state_dir, Limits())
        with pytest.raises(LedgerError, match="may not be read"):
            read_history(state_dir, None, 10)
    finally:
        os.seteuid(0)
