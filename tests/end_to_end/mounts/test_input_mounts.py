"""What is mounted inside an input, and the link that is the input, while the next rescan is an hour away."""

import os

import pytest

from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import share_at

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")


@pytest.fixture
def patient(own_place: Place) -> Place:
    """A place whose tree is scanned once an hour."""
    own_place.configure(watch={"rescan_interval": "1h", "stability_delay": "300ms"})
    return own_place


def test_photos_on_a_share_mounted_inside_are_found(patient: Place, own_sandbox: SandboxProcess) -> None:
    """Within seconds, at every level, and again when it is mounted once more; none is paid for twice."""
    (patient.input / "deep").mkdir()
    with share_at(patient.home / "card", patient.input / "deep/card") as card, patient.start() as daemon:
        card.unmount()
        daemon.wait_for("watching")
        put(patient.home / "card/a.jpg")
        card.mount()
        daemon.wait_for("published", "deep/card/a.jpg")
        put(patient.input / "deep/card/b.jpg")  # by an event of the new mount
        daemon.wait_for("published", "deep/card/b.jpg")
        card.unmount()
        eventually(lambda: not (patient.input / "deep/card/a.jpg").exists())
        card.mount()
        put(patient.input / "deep/card/c.jpg")
        daemon.wait_for("published", "deep/card/c.jpg")
    assert own_sandbox.counters()["requests"]["execute"] == 3


def test_a_link_that_leads_elsewhere_is_followed(patient: Place, own_sandbox: SandboxProcess) -> None:
    """Photos of the new folder are taken, and events of it are heard."""
    first, second = patient.home / "first", patient.home / "second"
    patient.input.rmdir()
    second.mkdir()
    patient.input.symlink_to(first)
    put(first / "a.jpg")
    put(second / "b.jpg")
    with patient.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        (patient.home / "new").symlink_to(second)
        (patient.home / "new").rename(patient.input)
        daemon.wait_for("published", "b.jpg")
        put(second / "c.jpg")
        daemon.wait_for("published", "c.jpg")
    assert own_sandbox.counters()["requests"]["execute"] == 3


def test_a_standby_says_how_to_end_it(patient: Place, own_sandbox: SandboxProcess) -> None:
    """An input that is to stay without its share: ``trust`` gives the photos up that were on it, unpaid."""
    own_sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
    with share_at(patient.home / "nas", patient.input) as nas, patient.start() as daemon:
        put(patient.input / "a.jpg")
        daemon.wait_for("accepted", "a.jpg")
        nas.unmount()
        daemon.wait_for("standby")
        (told,) = eventually(lambda: patient.status()["standby"])
        assert told["advice"].endswith("If it is to stay so: cutoutd trust shop")
        assert told["advice"] in daemon.output
        own_sandbox.clear_faults()
        assert patient.command("trust", "shop").returncode == 0
        daemon.wait_for("standby_over")
        daemon.wait_for("superseded", "a.jpg")
        put(patient.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
    assert own_sandbox.counters()["requests"]["execute"] == 1
