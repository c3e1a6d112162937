"""Cutouts that cutoutd made are never paid for as photos, and never paid for again when an old ledger forgets them."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.files.provenance import ATTRIBUTE
from support.images.drawn_photos import jpeg, png, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess


def launches(sandbox: SandboxProcess) -> int:
    return int(sandbox.counters()["requests"].get("execute", 0))


def without_attribute(file: Path) -> Path:
    with suppress(OSError):
        os.removexattr(file, ATTRIBUTE)
    return file


@pytest.mark.parametrize("provenance", ["xattr", "png_text", "none"])
@pytest.mark.parametrize("copied", ["with attributes", "bytes only"])
def test_a_cutout_that_comes_back_is_told_and_not_paid(
    place: Place, sandbox: SandboxProcess, provenance: str, copied: str
) -> None:
    """A two-way synchronisation or a drag to the wrong window brings it into the input; no note goes back out."""
    place.configure(folder={"provenance": provenance})
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    back = Path(shutil.copy2(place.output / "a.png", place.input / "cutout.png"))
    if copied == "bytes only":
        without_attribute(back)
    assert "own_cutout" in place.command("plan", "--json").stdout
    done = place.run_once()
    assert done.returncode == 1
    assert launches(sandbox) == 1
    assert place.outputs() == ["a.png"]
    assert [each.ending.code for each in place.versions("cutout.png")] == ["own_cutout"]
    assert not list(place.output.glob("*.txt"))
    assert place.run_once().returncode == 0, "it is told once"


def test_a_cutout_saved_anew_is_a_photo(place: Place, sandbox: SandboxProcess) -> None:
    """A picture program leaves neither the bytes nor the provenance; a person wants that file cut out."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    with Image.open(place.output / "a.png") as cutout:
        cutout.convert("RGB").save(place.input / "anew.png")
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 2


@pytest.mark.parametrize("content", [jpeg(), png()], ids=["jpeg", "png"])
@pytest.mark.parametrize("when", ["before it was found", "uploaded"])
def test_a_restored_backup_pays_for_nothing(
    place: Place, sandbox: SandboxProcess, tmp_path: Path, content: bytes, when: str
) -> None:
    """The ledger is of an earlier day: the cutout that is in its place says itself that it was paid for."""
    put(place.input / ("a.jpg" if content.startswith(b"\xff") else "a.png"), content)
    if when == "uploaded":
        sandbox.set_faults({"kind": "status", "status": 403, "on": "execute"})
        assert place.run_once().returncode == 3
        sandbox.clear_faults()
    else:
        photo = next(place.input.iterdir())
        photo.rename(tmp_path / photo.name)
        place.run_once()
        (tmp_path / photo.name).rename(photo)
    shutil.copytree(place.state, tmp_path / "backup")
    assert place.run_once().returncode == 0
    cutouts = place.outputs()
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "backup", place.state)
    sandbox.clear_counters()
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 0
    assert place.outputs() == cutouts


def test_an_upload_that_says_it_ran_is_never_launched_again(
    place: Place, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """The cutout was carried away and the ledger is older: the result at Uploadcare is found, and nothing is paid."""
    place.configure(uploadcare={"remote_cleanup": "keep"})
    put(place.input / "a.jpg")
    sandbox.set_faults({"kind": "status", "status": 403, "on": "execute"})
    assert place.run_once().returncode == 3
    sandbox.clear_faults()
    shutil.copytree(place.state, tmp_path / "backup")
    assert place.run_once().returncode == 0
    (place.output / "a.png").unlink()
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "backup", place.state)
    sandbox.clear_counters()
    done = place.run_once()
    assert done.returncode == 0, done.stderr
    assert "removal_noticed" in done.stdout
    assert launches(sandbox) == 0
    assert place.outputs() == ["a.png"]


@pytest.mark.parametrize("cleanup", ["keep", "delete"])
def test_a_backup_of_a_launched_photo_pays_for_nothing(
    place: Place, sandbox: SandboxProcess, tmp_path: Path, cleanup: str
) -> None:
    """The backup knows the removal as running; since then its cutout was published, and deleted at Uploadcare."""
    place.configure(uploadcare={"remote_cleanup": cleanup})
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("removal_started", "a.jpg")
        assert place.command("backup", str(tmp_path / "copy")).returncode == 0
        daemon.wait_for("published", "a.jpg")
    shutil.rmtree(place.state)
    place.state.mkdir()
    shutil.copy(tmp_path / "copy", place.state / "ledger.sqlite")
    sandbox.clear_counters()
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 0
    assert place.outputs() == ["a.png"]
    assert place.versions("a.jpg")[-1].state == "published"
