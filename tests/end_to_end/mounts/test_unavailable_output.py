"""An output or archive that is not mounted: nothing is written beneath it, nothing new is paid for, nothing twice."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.core.photo import State
from support.images.drawn_photos import put
from support.processes.daemon_process import DaemonProcess, Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import Share, network_share_at, share_at

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")


@pytest.fixture
def share(own_place: Place) -> Iterator[Share]:
    """The output of the place, on a share of its own."""
    own_place.configure(watch={"rescan_interval": "1h", "stability_delay": "300ms"})
    with share_at(own_place.home / "share", own_place.output) as share:
        yield share


def paid(sandbox: SandboxProcess) -> int:
    return sandbox.counters()["requests"].get("execute", 0)


def wait_for_state(place: Place, name: str, state: State) -> None:
    eventually(lambda: [photo.state for photo in place.versions(name)] == [state])


def beneath(place: Path) -> list[str]:
    """Every file and folder on the bare mount point."""
    return sorted(str(entry.relative_to(place)) for entry in place.rglob("*"))


def unmount_after_one(place: Place, share: Share, daemon: DaemonProcess) -> None:
    put(place.input / "a.jpg")
    daemon.wait_for("published", "a.jpg")
    share.unmount()


def test_photos_wait_unpaid_and_go_on_by_themselves(
    own_place: Place, own_sandbox: SandboxProcess, share: Share
) -> None:
    """Dropped in the moment of the unmount; over a kill; told with the way to end it; nothing on the bare folder."""
    with own_place.start() as daemon:
        unmount_after_one(own_place, share, daemon)
        put(own_place.input / "sub/b.jpg")
        daemon.wait_for("standby")
        (told,) = eventually(lambda: own_place.status()["standby"])
        assert told["reason"] == f"nothing is mounted at {own_place.output} any more"
        assert "cutoutd trust shop" in told["advice"]
        daemon.kill()
    assert own_place.run_once().returncode == 5
    with own_place.start() as daemon:
        daemon.wait_for("standby")
        put(own_place.input / "c.jpg")
        assert beneath(own_place.output) == []
        assert paid(own_sandbox) == 1
        share.mount()
        daemon.wait_for("published", "sub/b.jpg", "c.jpg")
    assert own_place.outputs() == ["a.png", "c.png", "sub/b.png"]
    assert paid(own_sandbox) == 3


def test_a_paid_cutout_waits_for_its_output(own_place: Place, own_sandbox: SandboxProcess, share: Share) -> None:
    """It is fetched when the share is back, and never paid for again."""
    with own_place.hurry() as daemon:
        put(own_place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        own_sandbox.set_faults({"kind": "status", "status": 503, "on": "cdn", "times": 1_000_000})
        put(own_place.input / "deep/b.jpg")
        wait_for_state(own_place, "deep/b.jpg", State.REMOVAL_FINISHED)
        share.unmount()
        own_sandbox.clear_faults()
        eventually(lambda: "nothing is mounted" in own_place.versions("deep/b.jpg")[0].wait.reason)
        assert beneath(own_place.output) == []
        share.mount()
        daemon.wait_for("published", "deep/b.jpg")
    assert own_place.outputs() == ["a.png", "deep/b.png"]
    assert paid(own_sandbox) == 2


def test_a_person_ends_it(own_place: Place, own_sandbox: SandboxProcess, share: Share) -> None:
    """``trust`` takes the output as it is now; the next unmount counts again."""
    with own_place.start() as daemon:
        unmount_after_one(own_place, share, daemon)
        daemon.wait_for("standby")
        assert own_place.command("reprocess", "--missing", "--yes").returncode == 1
        assert own_place.command("trust", "other").returncode == 1
        assert own_place.command("trust", "shop").returncode == 0
        daemon.wait_for("standby_over")
        put(own_place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
    assert own_place.outputs() == ["b.png"]
    assert paid(own_sandbox) == 2


def test_a_share_below_the_output_counts_too(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """Cutouts belong there; a mount without any cutout may come and go."""
    home, output = own_place.home, own_place.output
    with share_at(home / "s1", output / "card") as card, share_at(home / "s2", output / "other") as other:
        with own_place.start() as daemon:
            put(own_place.input / "card/a.jpg")
            daemon.wait_for("published", "card/a.jpg")
            other.unmount()
            put(own_place.input / "b.jpg")
            daemon.wait_for("published", "b.jpg")
            assert daemon.count("standby") == 0
            card.unmount()
            put(own_place.input / "card/c.jpg")
            daemon.wait_for("standby")
            assert f"{own_place.output}/card any more" in daemon.output
            assert beneath(own_place.output / "card") == []
            card.mount()
            daemon.wait_for("published", "card/c.jpg")
        assert paid(own_sandbox) == 3


def test_an_earlier_cutout_on_it_is_not_paid_for_again(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """A copy that arrives in another folder waits for the share, because the cutout is there."""
    other = {"name": "other", "input": str(own_place.home / "in2"), "output": str(own_place.home / "out2")}
    (own_place.home / "in2").mkdir()
    trees = {"name": "shop", "input": str(own_place.input), "output": str(own_place.output)}
    own_place.configure(folders=[trees, other])
    with share_at(own_place.home / "share", own_place.output) as share, own_place.start() as daemon:
        unmount_after_one(own_place, share, daemon)
        (own_place.home / "in2/copy.jpg").write_bytes((own_place.input / "a.jpg").read_bytes())
        eventually(lambda: [photo.wait.reason for photo in own_place.versions("copy.jpg") if photo.wait.reason])
        assert paid(own_sandbox) == 1
        share.mount()
        daemon.wait_for("published", "copy.jpg")
    assert paid(own_sandbox) == 1


def test_photos_are_not_moved_onto_a_bare_archive(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """They stay in place, told, while cutouts go on; and are moved when it is back."""
    archive = own_place.home / "archive"
    own_place.configure(folder={"on_success": "move", "archive": str(archive)})
    with share_at(own_place.home / "share", archive) as share, own_place.start() as daemon:
        put(own_place.input / "a.jpg")
        eventually(lambda: beneath(archive) == ["a.jpg"])
        share.unmount()
        put(own_place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
        daemon.wait_for("source_trouble")
        assert "b.jpg stays in place: nothing is mounted at" in daemon.output
        assert beneath(archive) == []
        assert (own_place.input / "b.jpg").exists()
        share.mount()
        eventually(lambda: beneath(archive) == ["a.jpg", "b.jpg"])
    assert paid(own_sandbox) == 2


def test_an_output_on_a_real_network_share(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """By sshfs, which has other numbers at each mount: known again when it is back, also after a restart."""
    own_place.configure(folder={"provenance": "none"})
    with network_share_at(own_place.home / "nas", own_place.output) as share:
        with own_place.start() as daemon:
            put(own_place.input / "a.jpg")
            daemon.wait_for("published", "a.jpg")
            share.unmount()
            put(own_place.input / "b.jpg")
            daemon.wait_for("standby")
            daemon.kill()
        assert beneath(own_place.output) == []
        share.mount()
        (own_place.output / "a.png").unlink()  # carried away, so only the mount itself is familiar
        with own_place.start() as daemon:
            daemon.wait_for("published", "b.jpg")
            assert daemon.count("standby") == 0
        assert own_place.outputs() == ["b.png"]
    assert paid(own_sandbox) == 2
