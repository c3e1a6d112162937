"""What stays at Uploadcare: nothing, in whichever way a photo ended, by the service's own list of files."""

from collections.abc import Callable
from typing import Any

import pytest

from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

Way = Callable[[Place, SandboxProcess], None]


def files_left(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    with sandbox.client() as client:
        listed: list[dict[str, Any]] = client.get("/files/").json()["results"]
    return listed


def publish(place: Place, _: SandboxProcess) -> None:
    assert place.run_once().returncode == 0


def publish_twice(place: Place, _: SandboxProcess) -> None:
    assert place.run_once().returncode == 0
    assert place.command("reprocess", "a.jpg", "--yes").returncode == 0
    assert place.run_once().returncode == 0


def lose_the_answer(place: Place, sandbox: SandboxProcess) -> None:
    sandbox.set_faults({"kind": "lose_response", "on": "execute", "times": 1})
    with place.hurry() as daemon:
        daemon.wait_for("published", "a.jpg")
        assert daemon.stop() == 0


def be_refused(place: Place, sandbox: SandboxProcess) -> None:
    sandbox.set_faults({"kind": "error_details", "code": "unknown_foreground"})
    assert place.run_once().returncode == 1


def change_before_payment(place: Place, sandbox: SandboxProcess) -> None:
    sandbox.set_faults({"kind": "not_ready"})
    with place.hurry() as daemon:
        daemon.wait_for("uploaded", "a.jpg")
        put(place.input / "a.jpg", jpeg_of("blue"))
        daemon.wait_for("superseded", "a.jpg")
        sandbox.clear_faults()
        daemon.wait_for("published", "a.jpg")
        assert daemon.stop() == 0


def be_deleted_slowly(place: Place, sandbox: SandboxProcess) -> None:
    sandbox.set_faults({"kind": "late_answer", "on": "delete", "seconds": 5})
    assert place.run_once().returncode == 0
    assert sandbox.counters()["requests"]["delete"] == 1


@pytest.mark.parametrize(
    "way",
    [publish, publish_twice, lose_the_answer, be_refused, change_before_payment, be_deleted_slowly],
    ids=lambda way: way.__name__,
)
def test_nothing_is_left_at_uploadcare(own_place: Place, own_sandbox: SandboxProcess, way: Way) -> None:
    """Sources and results of every round are deleted, and a later start has nothing to delete again."""
    own_place.configure(uploadcare={"remote_cleanup": "delete"})
    put(own_place.input / "a.jpg")
    way(own_place, own_sandbox)
    own_sandbox.clear_faults()
    if files_left(own_sandbox):
        own_place.run_once()
    eventually(lambda: not files_left(own_sandbox), within_s=5)
    own_sandbox.clear_counters()
    own_place.run_once()
    assert own_sandbox.counters()["requests"].get("delete", 0) == 0
