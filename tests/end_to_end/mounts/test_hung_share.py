"""A share that does not answer: every call to it hangs, and only its own folder stands still."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd.ledger.instance_lock import is_held
from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import NetworkShare, network_share_at

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")

#: Far more than a start, a reload or a stop takes without the share; a call that waited for it would never end.
SOON_S = 30.0


@pytest.fixture
def healthy(own_place: Place) -> Path:
    """The input of another folder, on a local disk."""
    own_place.configure(folder={"provenance": "none"}, watch={"stability_delay": "300ms", "rescan_interval": "1s"})
    source, cutouts = own_place.home / "healthy", own_place.home / "healthy-cut"
    source.mkdir()
    own_place.add_folder("healthy", source, cutouts)
    return source


@pytest.fixture(params=["input", "output"])
def share(request: pytest.FixtureRequest, own_place: Place, healthy: Path) -> Iterator[NetworkShare]:
    """The input, or the output, of the first folder on a share."""
    with network_share_at(own_place.home / "nas", getattr(own_place, request.param)) as share:
        yield share


@contextmanager
def answering_at_the_end(share: NetworkShare) -> Iterator[None]:
    """The kernel ends no process with a thread in a call to FUSE, not even by SIGKILL."""
    try:
        yield
    finally:
        share.answer()


def test_only_its_own_folder_stands_still(
    own_place: Place, own_sandbox: SandboxProcess, healthy: Path, share: NetworkShare
) -> None:
    """Another folder goes on, `status` says why, reload and stop end soon, and it goes on when the share answers."""
    with own_place.start() as daemon, answering_at_the_end(share):
        put(own_place.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        share.hang()
        began_s = time.monotonic()
        for number in range(12):
            put(healthy / f"{number}.jpg")
        daemon.wait_for("published", *(f"{number}.jpg" for number in range(12)))
        assert time.monotonic() - began_s < SOON_S
        daemon.wait_for("standby")
        (told,) = eventually(lambda: own_place.status()["standby"])
        assert "does not answer since" in told["reason"]
        own_place.config.write_text(own_place.config.read_text().replace("300ms", "200ms"))
        daemon.send(signal.SIGHUP)
        daemon.wait_for("reloaded", within_s=SOON_S)
        put(healthy / "after.jpg")
        daemon.wait_for("published", "after.jpg")
        share.answer()
        daemon.wait_for("standby_over")
        put(own_place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
        share.hang()
        put(healthy / "last.jpg")
        daemon.wait_for("published", "last.jpg")
        daemon.send(signal.SIGTERM)
        eventually(lambda: not is_held(own_place.state), within_s=SOON_S)
    assert own_sandbox.counters()["requests"]["execute"] == 16


def test_start_does_not_wait_for_it(own_place: Place, healthy: Path, share: NetworkShare) -> None:
    """A start during the hang works on the other folder, and says of this one that it does not answer."""
    share.hang()
    put(healthy / "a.jpg")
    with own_place.start() as daemon, answering_at_the_end(share):
        daemon.wait_for("published", "a.jpg", within_s=SOON_S)
        daemon.wait_for(
            "standby", within_s=SOON_S
        )  # late, because the kernel keeps what it knew of the root for a while
        assert "does not answer since" in daemon.output
        share.answer()
        daemon.wait_for("standby_over")
        put(own_place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")


def test_share_is_claimed_when_it_answers(
    own_place: Place, own_sandbox: SandboxProcess, healthy: Path, share: NetworkShare
) -> None:
    """Two that start during the hang: when it ends, one has the folder, and the other says which process that is."""
    other = Place(own_place.home / "other", own_sandbox.url)
    lone = own_place.home / "lone"
    lone.mkdir()
    hung = "input" if own_place.input.is_mount() else "output"
    other.configure(folder={hung: str(getattr(own_place, hung))})
    other.add_folder("lone", lone, own_place.home / "lone-cut")
    share.hang()
    eventually(lambda: is_hung(getattr(own_place, hung)))
    put(healthy / "a.jpg")
    put(lone / "b.jpg", jpeg_of("red"))
    with own_place.start() as one, other.start() as two, answering_at_the_end(share):
        one.wait_for("published", "a.jpg", within_s=SOON_S)
        two.wait_for("published", "b.jpg", within_s=SOON_S)
        share.answer()
        reasons = eventually(lambda: in_use(own_place, other))
        assert len(reasons) == 1
        holder = two if reasons[0][0] is own_place else one
        assert f"process {holder.pid} (" in reasons[0][1]


def is_hung(folder: Path) -> bool:
    """Whether the kernel has forgotten what it knew of a folder, so that a look hangs until the share answers."""
    look = threading.Thread(target=folder.stat, daemon=True)
    look.start()
    look.join(1.0)
    return look.is_alive()


def in_use(*places: Place) -> list[tuple[Place, str]]:
    """The installations that leave a folder to another one, with the reason."""
    told = [(place, folder["reason"]) for place in places for folder in place.status()["standby"]]
    return [(place, reason) for place, reason in told if "is in use by another cutoutd" in reason]
