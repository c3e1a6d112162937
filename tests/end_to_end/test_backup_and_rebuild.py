"""Keeping the ledger: a copy of it while the daemon works, and a new one made from the cutouts when it is lost."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.core.photo import State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos
from support.images.drawn_photos import put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

PHOTOS = tuple(f"{number}.jpg" for number in range(10))


def publish(place: Place) -> None:
    for path in PHOTOS:
        put(place.input / path)
    assert place.run_once().returncode == 0


def launches(sandbox: SandboxProcess) -> int:
    return sum(sandbox.counters()["executes_by_sha256"].values())


def published(state: Path) -> int:
    with read_ledger(state) as ledger:
        return sum(total.photos for total in photos.totals(ledger) if total.state is State.PUBLISHED)


def test_a_backup_is_made_while_the_daemon_works(place: Place, tmp_path: Path) -> None:
    """The copy is whole, private, one file, and knows what was known; the daemon goes on meanwhile."""
    copy = tmp_path / "copies/ledger.sqlite"
    copy.parent.mkdir()
    with place.start() as daemon:
        put(place.input / "first.jpg")
        daemon.wait_for("published", "first.jpg")
        answer = place.command("backup", str(copy))
        assert (answer.returncode, answer.stdout) == (0, f"{copy} knows 1 photo.\n")
        put(place.input / "second.jpg")
        daemon.wait_for("published", "second.jpg")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(copy.parent.iterdir()) == [copy]
    assert published(copy.parent) == 1


def test_a_backup_replaces_nothing_unasked(place: Place, tmp_path: Path) -> None:
    """An existing file is replaced with --force alone, the ledger itself never, and a folder is no file."""
    publish(place)
    copy = tmp_path / "copy.sqlite"
    copy.write_text("mine")
    for refused in (copy, tmp_path, place.state / "ledger.sqlite"):
        answer = place.command("backup", str(refused))
        assert (answer.returncode, answer.stdout) == (2, "")
        assert "No backup was made" in answer.stderr
    assert place.command("backup", str(place.state / "ledger.sqlite"), "--force").returncode == 2
    assert copy.read_text() == "mine"
    assert place.command("backup", str(copy), "--force").returncode == 0
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT count(*) FROM photos").fetchone() == (10,)


def test_a_restored_backup_pays_for_nothing_again(place: Place, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """As the README says: stop, copy it back, remove what stood beside the ledger, start."""
    publish(place)
    assert place.command("backup", str(tmp_path / "copy")).returncode == 0
    shutil.rmtree(place.state)
    place.state.mkdir()
    shutil.copy(tmp_path / "copy", place.state / "ledger.sqlite")
    sandbox.clear_counters()
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 0


@pytest.mark.parametrize("provenance", ["xattr", "png_text"])
def test_a_rebuilt_ledger_pays_for_nothing_again(place: Place, sandbox: SandboxProcess, provenance: str) -> None:
    """Ten photos are published and the ledger is lost: all ten are known again, and one renamed since is reused."""
    place.configure(folder={"provenance": provenance})
    publish(place)
    before = place.outputs()
    shutil.rmtree(place.state)
    (place.input / "9.jpg").rename(place.input / "renamed.jpg")
    assert "its ledger was lost" in place.command("status").stderr
    sandbox.clear_counters()
    answer = place.command("rebuild")
    assert place.command("status").stderr == ""
    assert answer.returncode == 0, answer.stderr
    assert "10 published photos were restored." in answer.stdout
    assert "1 have no source any more" in answer.stdout
    assert "WARNING: 1 photos in the inputs are not in the ledger." in answer.stdout
    ran = place.run_once()
    assert ran.returncode == 0, ran.stdout
    assert launches(sandbox) == 0
    assert place.outputs() == [*before, "renamed.png"]
    assert published(place.state) == 11


def test_a_rebuilt_path_keeps_its_place(place: Place) -> None:
    """The target is reserved again: a new version of the photo replaces the cutout, nobody else gets its place."""
    publish(place)
    shutil.rmtree(place.state)
    assert place.command("rebuild").returncode == 0
    before = (place.output / "0.png").read_bytes()
    put(place.input / "0.jpg")
    put(place.input / "0.jpeg")
    assert place.run_once().returncode == 0
    assert (place.output / "0.png").read_bytes() != before
    assert [photo.bound.target for photo in place.versions("0.jpg")] == ["0.png", "0.png"]
    assert [photo.bound.target for photo in place.versions("0.jpeg")] == ["0.jpeg.png"]


def test_a_photo_that_was_rewritten_while_the_ledger_was_lost_replaces_its_cutout(
    place: Place, sandbox: SandboxProcess
) -> None:
    """Its earlier version is remembered as this path's, so nothing stale stays at the cutout's place."""
    publish(place)
    before, stale = place.outputs(), (place.output / "0.png").read_bytes()
    shutil.rmtree(place.state)
    put(place.input / "0.jpg")
    assert place.command("rebuild").returncode == 0
    sandbox.clear_counters()
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 1
    assert place.outputs() == before
    assert (place.output / "0.png").read_bytes() != stale


def test_a_rebuild_says_what_it_could_not_restore(place: Place, sandbox: SandboxProcess) -> None:
    """Edited, silent and unknown ones are counted; a retouched cutout counts as paid for and stays as it is."""
    publish(place)
    with Image.open(place.output / "0.png") as picture:
        retouched = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    with (place.output / "0.png").open("r+b") as file:
        retouched.save(file, "PNG")
        file.truncate()
    (place.output / "1.png").rename(place.home / "moved.png")
    shutil.copyfile(place.home / "moved.png", place.output / "1.png")
    shutil.rmtree(place.state)
    sandbox.clear_counters()
    rehearsed = place.command("rebuild", "--dry-run").stdout
    assert "9 published photos would be restored." in rehearsed
    assert not place.state.exists()
    said = place.command("rebuild").stdout
    assert "9 published photos were restored." in said
    assert "1 were edited since" in said
    assert "1 do not name their source" in said
    assert "WARNING: 1 photos in the inputs are not in the ledger." in said
    edited = (place.output / "0.png").read_bytes()
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 1
    assert (place.output / "0.png").read_bytes() == edited


def test_a_rebuild_adds_only_what_is_missing(place: Place, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """On an old backup it adds what came later; a second time it adds nothing."""
    publish(place)
    assert place.command("backup", str(tmp_path / "copy")).returncode == 0
    put(place.input / "late.jpg")
    assert place.run_once().returncode == 0
    shutil.rmtree(place.state)
    place.state.mkdir()
    shutil.copy(tmp_path / "copy", place.state / "ledger.sqlite")
    sandbox.clear_counters()
    assert "1 published photos would be restored." in place.command("rebuild", "--dry-run").stdout
    assert published(place.state) == 10
    assert "1 published photos were restored." in place.command("rebuild").stdout
    assert "0 published photos were restored." in place.command("rebuild").stdout
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 0


def test_a_photo_under_way_in_a_backup_is_not_paid_for_again(
    place: Place, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """The backup knows it as waiting; its cutout says that it was published since."""
    place.configure(limits={"per_day": 1})
    for path in ("first.jpg", "second.jpg"):
        put(place.input / path)
    assert place.run_once().returncode == 5
    assert place.command("backup", str(tmp_path / "copy")).returncode == 0
    place.configure()
    assert place.run_once().returncode == 0
    cutouts = place.outputs()
    shutil.rmtree(place.state)
    place.state.mkdir()
    shutil.copy(tmp_path / "copy", place.state / "ledger.sqlite")
    sandbox.clear_counters()
    assert "1 published photos were restored." in place.command("rebuild").stdout
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 0
    assert place.outputs() == cutouts
    assert published(place.state) == 2


def test_a_rebuild_keeps_away_from_a_running_daemon(place: Place) -> None:
    """It writes, so it takes the instance lock; and an output that is not there is no empty one."""
    publish(place)
    with place.start() as daemon:
        daemon.wait_for("started")
        assert place.command("rebuild").returncode == 4
    place.output.rename(place.home / "unmounted")
    shutil.rmtree(place.state)
    answer = place.command("rebuild")
    assert answer.returncode == 8
    assert "is not there" in answer.stderr
    assert not (place.state / "ledger.sqlite").exists()
