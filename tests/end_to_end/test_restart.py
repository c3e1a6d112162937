"""The daemon or the service ends in the middle of things; nothing is lost, and nothing is paid for twice."""

import pytest

from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

#: Removals take so long that much is under way at once.
pytestmark = pytest.mark.sandbox_options("--processing-time", "1.5")

PHOTOS = tuple(f"{number:02}.jpg" for number in range(12))


@pytest.fixture
def busy_place(own_place: Place) -> Place:
    """A place with twelve photos in it."""
    for path in PHOTOS:
        put(own_place.input / path)
    return own_place


@pytest.mark.parametrize(("action", "times"), [("uploaded", 2), ("removal_started", 5), ("published", 1)])
def test_a_stopped_daemon_goes_on_where_it_was(
    busy_place: Place, own_sandbox: SandboxProcess, action: str, times: int
) -> None:
    """SIGTERM mid-way ends it with 0 before all is done; the next start sends and pays for nothing a second time."""
    with busy_place.start() as daemon:
        daemon.wait_until(lambda lines: sum(line.action == action for line in lines) >= times)
        assert daemon.stop() == 0
        assert daemon.count("published") < len(PHOTOS)
    _require_finished_once(busy_place, own_sandbox)


def test_a_killed_daemon_goes_on_where_it_was(busy_place: Place, own_sandbox: SandboxProcess) -> None:
    """SIGKILL while every removal runs costs nothing: the next start fetches what was paid for."""
    with busy_place.start() as daemon:
        daemon.wait_for("removal_started", *PHOTOS)
        daemon.kill()
    _require_finished_once(busy_place, own_sandbox)


def test_a_service_that_falls_over_is_waited_for(busy_place: Place, own_sandbox: SandboxProcess) -> None:
    """The service dies while removals run and comes back with what it knew: every photo finishes, paid for once."""
    with busy_place.start() as daemon:
        daemon.wait_for("removal_started", *PHOTOS)
        own_sandbox.kill()
        own_sandbox.start()
        daemon.wait_for("published", *PHOTOS)
    _require_finished_once(busy_place, own_sandbox)


def test_photos_wait_for_a_service_that_is_away(busy_place: Place, own_sandbox: SandboxProcess) -> None:
    """Photos found while the service is away wait, blamed for nothing, and are published when it is back."""
    busy_place.configure(log={"format": "json", "level": "debug"})
    own_sandbox.kill()
    with busy_place.start() as daemon:
        daemon.wait_for("waiting")
        own_sandbox.start()
        daemon.wait_for("published", *PHOTOS)
    _require_finished_once(busy_place, own_sandbox)


def _require_finished_once(place: Place, sandbox: SandboxProcess) -> None:
    """Run to the end and count at the service: one upload and one launch for each photo."""
    finished = place.run_once()
    assert finished.returncode == 0, finished.stdout
    assert place.outputs() == [path.replace(".jpg", ".png") for path in PHOTOS]
    assert all(is_cutout(place.output / name) for name in place.outputs())
    counters = sandbox.counters()
    assert sorted(counters["uploads_by_sha256"].values()) == [1] * len(PHOTOS)
    assert sorted(counters["executes_by_sha256"].values()) == [1] * len(PHOTOS)
