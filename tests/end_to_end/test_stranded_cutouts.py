"""Paid cutouts without a place: the same picture under another name never waits for it, and is not paid for again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.images.drawn_photos import is_cutout, jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import small_disk


@pytest.fixture
def slow_sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One whose removals leave time to do something to a disk."""
    with SandboxProcess(tmp_path / "slow", "--processing-time", "2") as sandbox:
        yield sandbox


def launches(sandbox: SandboxProcess) -> list[int]:
    return list(sandbox.counters()["executes_by_sha256"].values())


def test_a_copy_for_another_output_takes_the_paid_cutout(tmp_path: Path, slow_sandbox: SandboxProcess) -> None:
    """The payer's output is full: a copy that waited, and one that comes later, are published from its result."""
    place = Place(tmp_path / "shop", slow_sandbox.url)
    place.configure(limits={"min_free_space": 1})
    other_input, other_output = tmp_path / "other in", tmp_path / "other out"
    for folder in (other_input, other_output):
        folder.mkdir()
    place.add_folder("other", other_input, other_output)
    picture = jpeg()
    with small_disk(place.output) as disk, place.start() as daemon:
        put(place.input / "payer.jpg", picture)
        daemon.wait_for("removal_started", "payer.jpg")
        put(other_input / "waits.jpg", picture)
        daemon.wait_until(lambda lines: any(line.path == "waits.jpg" and line.action == "accepted" for line in lines))
        disk.fill()
        daemon.wait_for("published", "waits.jpg")
        put(other_input / "later.jpg", picture)
        daemon.wait_for("published", "later.jpg")
        (waiting,) = place.status()["waiting"]
        assert (waiting["path"], "No space left" in waiting["reason"]) == ("payer.jpg", True)
        disk.relieve()
        place.command("retry", "--yes", "payer.jpg")
        daemon.wait_for("published", "payer.jpg")
        assert all(is_cutout(file) for file in (place.output / "payer.png", *other_output.iterdir()))
    assert [copy.cutout.reused_from for copy in place.versions("waits.jpg")] == [place.versions("payer.jpg")[0].id]
    assert launches(slow_sandbox) == [1]


def test_a_blocked_folder_holds_up_no_other(tmp_path: Path, slow_sandbox: SandboxProcess) -> None:
    """A file stands where the payer's folder belongs, and nobody takes it away: a copy in another folder goes on."""
    place = Place(tmp_path / "shop", slow_sandbox.url)
    picture = jpeg()
    with place.start() as daemon:
        put(place.input / "sub/payer.jpg", picture)
        daemon.wait_for("removal_started", "sub/payer.jpg")
        put(place.input / "copy.jpg", picture)
        (place.output / "sub").rmdir()  # made before the launch
        (place.output / "sub").write_text("mine")
        daemon.wait_for("published", "copy.jpg")
        assert daemon.count("failed") == 0
    assert launches(slow_sandbox) == [1]
