"""The notification command in the real daemon: once for each incident, whatever is restarted or killed."""

import json
import shlex
import sys
from typing import Any

from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos
from cutoutd.monitoring.incidents import Notified
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

SCRIPT = """
import os, sys
with open({told!r}, "a", encoding="utf-8") as file:
    file.write(sys.stdin.read() + "\\n")
assert "UPLOADCARE_SECRET_KEY" not in os.environ
"""


def command_of(place: Place) -> str:
    """A command that keeps what it is told, one line for each time."""
    script = place.home / "tell me.py"
    script.write_text(SCRIPT.format(told=str(place.home / "told")))
    return shlex.join([sys.executable, str(script)])


def told(place: Place) -> list[dict[str, Any]]:
    file = place.home / "told"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def is_known_as_told(place: Place) -> bool:
    """The daemon itself knows it a moment after the command; killed in between, it would rightly tell it again."""
    if not (place.state / "ledger.sqlite").exists():
        return False
    with read_ledger(place.state) as ledger:
        return bool(Notified.from_json(photos.remembered(ledger, "told")).open)


def test_a_held_batch_is_told_once(place: Place, sandbox: SandboxProcess) -> None:
    """Once across restarts and a kill; after approval the next batch is another incident."""
    place.configure(limits={"confirm_over": 2}, notify={"command": command_of(place)})
    for number in range(4):
        put(place.input / f"{number}.jpg")
    with place.start() as daemon:
        eventually(lambda: is_known_as_told(place))
        daemon.kill()
    assert place.run_once().returncode == 5
    (incident,) = told(place)
    assert (incident["kind"], incident["folder"]) == ("held", "shop")
    assert "cutoutd approve shop" in incident["advice"]
    assert set(incident) == {"kind", "folder", "sentence", "advice", "photos", "at"}
    assert place.command("approve", "--yes").returncode == 0
    assert place.run_once().returncode == 0
    for number in range(3):
        put(place.input / f"later-{number}.jpg")
    assert place.run_once().returncode == 5
    assert [incident["photos"] for incident in told(place)][1:] == [3]


def test_a_halt_is_told_once_until_it_is_over(place: Place, sandbox: SandboxProcess) -> None:
    """Refused over and over, also by later runs: one notice. Let in and refused again: the next one."""
    place.configure(notify={"command": command_of(place)})
    refused = {"kind": "status", "on": "execute", "status": 403}
    put(place.input / "a.jpg")
    for _ in range(2):
        sandbox.set_faults(refused)
        assert place.run_once().returncode == 3
    assert [incident["kind"] for incident in told(place)] == ["halt"]
    assert told(place)[0]["photos"] == 1
    sandbox.clear_faults()
    assert place.run_once().returncode == 0
    put(place.input / "b.jpg")
    sandbox.set_faults(refused)
    assert place.run_once().returncode == 3
    assert len(told(place)) == 2


def test_a_limit_is_told_once_and_only_what_is_wanted(place: Place, sandbox: SandboxProcess) -> None:
    """A reached limit is one incident across runs of the same day; kinds that nobody wants are not told."""
    place.configure(limits={"per_day": 1}, notify={"command": command_of(place), "on": ["limit"]})
    for number in range(3):
        put(place.input / f"{number}.jpg")
    for _ in range(2):
        assert place.run_once().returncode == 5
    (incident,) = told(place)
    assert (incident["kind"], incident["folder"], incident["photos"]) == ("limit", None, 2)
    assert "limits.per_day allows 1 removal" in incident["sentence"]


def test_a_command_that_fails_holds_up_no_photo(place: Place, sandbox: SandboxProcess) -> None:
    """It is said once, and photos are published all the same."""
    place.configure(limits={"per_day": 1}, notify={"command": [str(place.home / "nowhere")]})
    for number in range(2):
        put(place.input / f"{number}.jpg")
    ended = place.run_once()
    assert ended.returncode == 5
    assert ended.stdout.count("notify_failed") == 1
    assert len(place.outputs()) == 1
