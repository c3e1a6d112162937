"""An input that is away: nobody is blamed, nothing is deleted, others go on, and it comes back by itself."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.core.photo import State
from support.images.drawn_photos import put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import Share

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")


@pytest.fixture
def shop(own_place: Place) -> Place:
    """Two folders: the shop, whose input comes and goes, and people."""
    people = {"name": "people", "input": str(own_place.home / "people"), "output": str(own_place.home / "people-out")}
    (own_place.home / "people").mkdir()
    products = {"name": "shop", "input": str(own_place.input), "output": str(own_place.output)}
    own_place.configure(folders=[products, people], concurrency={"uploads": 1})
    return own_place


@pytest.fixture
def share(tmp_path: Path, shop: Place) -> Iterator[Share]:
    share = Share(tmp_path / "share", shop.input)
    share.mount()
    yield share
    share.remove()


def wait_until_uploaded(place: Place, *names: str) -> None:
    """Uploads stay at most eight ahead of launches, with one at a time."""
    eventually(lambda: sum(place.versions(name)[0].state is State.UPLOADED for name in names) == 8)


def states(place: Place, *names: str) -> set[str]:
    return {photo.state.value for name in names for photo in place.versions(name)}


def test_photos_of_an_unmounted_share_wait_in_every_state(
    shop: Place, own_sandbox: SandboxProcess, share: Share
) -> None:
    """Published, accepted and uploaded ones; a kill changes nothing, and all are finished when it is mounted again."""
    early, late = (
        ("a.jpg", "b.jpg"),
        ("c.jpg", "d.jpg", "e.jpg", "sub/f.jpg", *(f"{number}.jpg" for number in range(6))),
    )
    for name in early:
        put(shop.input / name)
    with shop.start() as daemon:
        daemon.wait_for("published", *early)
        own_sandbox.set_faults({"kind": "not_ready", "times": 1_000_000})
        for name in late:
            put(shop.input / name)
        daemon.wait_for("accepted", *late)
        wait_until_uploaded(shop, *late)
        share.unmount()
        daemon.wait_for("standby")
        daemon.kill()
    (shop.input / "c.jpg").write_bytes((shop.output / "a.png").read_bytes())  # left on the bare mount point
    own_sandbox.clear_faults()
    with shop.start() as daemon:
        daemon.wait_for("standby")
        put(shop.home / "people/p.jpg")
        daemon.wait_for("published", "p.jpg")
        (told,) = eventually(lambda: shop.status()["standby"])
        assert told["reason"] == f"nothing is mounted at {shop.input} any more"
        assert states(shop, *late) == {"accepted", "uploaded"}
        share.mount()
        daemon.wait_for("published", *late)
        assert [daemon.count(action) for action in ("standby", "standby_over", "superseded")] == [1, 1, 0]
        assert shop.status()["standby"] == []
    assert own_sandbox.counters()["requests"]["execute"] == len((*early, *late, "p.jpg"))


def test_a_nested_share_that_is_away_holds_its_folder(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Photos on it are not taken for removed, although all others are there."""
    card = Share(shop.home / "card", shop.input / "card")
    try:
        card.mount()
        own_sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
        with shop.start() as daemon:
            put(shop.input / "a.jpg")
            put(shop.input / "card/b.jpg")
            daemon.wait_for("accepted", "a.jpg", "card/b.jpg")
            daemon.wait_for("waiting")
            card.unmount()
            daemon.wait_for("standby")
            own_sandbox.clear_faults()
            assert "in/card any more" in daemon.output
            assert states(shop, "a.jpg", "card/b.jpg") == {"accepted"}
            card.mount()
            daemon.wait_for("published", "a.jpg", "card/b.jpg")
    finally:
        card.remove()


def test_an_emptied_tree_is_waited_for(shop: Place, own_sandbox: SandboxProcess) -> None:
    """As a server shows it whose own disk is away; what comes back goes on, and a new photo shows what is gone."""
    names = ("a.jpg", "b.jpg", "c.jpg")
    for name in names:
        put(shop.input / name)
    own_sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
    away = shop.home / "away"
    away.mkdir()
    with shop.start() as daemon:
        daemon.wait_for("accepted", *names)
        for name in names:
            shutil.move(shop.input / name, away)
        daemon.wait_for("standby")
        shutil.move(away / "a.jpg", shop.input)
        own_sandbox.clear_faults()
        daemon.wait_for("standby_over")
        daemon.wait_for("published", "a.jpg")
        daemon.wait_for("superseded", "b.jpg", "c.jpg")


def once(place: Place) -> int:
    return place.run_once().returncode


def test_once_says_5_for_a_share_that_is_not_mounted(shop: Place, share: Share) -> None:
    """And takes up nothing that lies on the bare mount point, although the photo came after the look at its tree."""
    put(shop.input / "a.jpg")
    soon_s = time.time() + 60  # by such a clock it has to stand still first
    os.utime(shop.input / "a.jpg", (soon_s, soon_s))
    assert once(shop) == 0
    share.unmount()
    put(shop.input / "stray.jpg")
    assert once(shop) == 5
    assert shop.outputs() == ["a.png"]
    share.mount()
    assert once(shop) == 0


def test_a_renamed_folder_keeps_its_daemon_working(place: Place, sandbox: SandboxProcess) -> None:
    """Fifty photos, all there are, under another name: none is paid for again, and nobody stands by for long."""
    for number in range(50):
        put(place.input / "album" / f"{number}.jpg")
    with place.start() as daemon:
        daemon.wait_for("published", *(f"album/{number}.jpg" for number in range(50)))
        (place.input / "album").rename(place.input / "holidays")
        daemon.wait_for("published", *(f"holidays/{number}.jpg" for number in range(50)))
    assert len(place.outputs()) == 100
    assert sandbox.counters()["requests"]["execute"] == 50
