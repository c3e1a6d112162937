"""What becomes of photos once their cutouts are published, as the whole daemon does it."""

import shutil

from support.images.drawn_photos import jpeg, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def test_an_emptied_input_is_no_missing_share(place: Place, sandbox: SandboxProcess) -> None:
    """Photos are moved away as they are published, copies too; the last one that a person deletes is believed gone."""
    archive = place.home / "done"
    place.configure(folder={"on_success": "move", "archive": str(archive)})
    content = jpeg()
    put(place.input / "a.jpg", content)
    put(place.input / "sub/copy of a.jpg", content)
    put(place.input / "b.jpg")
    with place.start() as daemon:
        daemon.wait_for("source", "a.jpg", "sub/copy of a.jpg", "b.jpg")
        sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
        last = put(place.input / "last.jpg")
        daemon.wait_for("accepted", "last.jpg")
        last.unlink()
        daemon.wait_for("superseded", "last.jpg")
        sandbox.clear_faults()
        shutil.copy(archive / "a.jpg", place.input)  # and once more, at no cost
        daemon.wait_until(lambda lines: sum(line.action == "source" and line.path == "a.jpg" for line in lines) == 2)
        assert daemon.count("standby") == 0
    moved = sorted(str(file.relative_to(archive)) for file in archive.rglob("*") if file.is_file())
    assert moved == ["a.jpg", "b.jpg", "sub/copy of a.jpg"]
    assert (archive / "a.jpg").read_bytes() == content
    assert [file for file in place.input.rglob("*") if file.is_file()] == []
    assert place.outputs() == ["a.png", "b.png", "sub/copy of a.png"]
    assert "moved to" in place.command("history", "b.jpg").stdout
    assert sandbox.counters()["requests"]["execute"] == 2


def test_once_leaves_no_source_behind(place: Place) -> None:
    """Also the last photo's source is gone when the run ends."""
    place.configure(folder={"on_success": "delete"})
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    assert list(place.input.iterdir()) == []


def test_an_archive_that_is_away_is_told_by_status(place: Place) -> None:
    """The photo is published and stays where it is; nothing fails."""
    place.configure(folder={"on_success": "move", "archive": str(place.home / "disk/done")})
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("source_trouble", "a.jpg")
        (trouble,) = eventually(lambda: place.status()["source_troubles"]).values()
        assert "disk/done is not there" in trouble
    assert (place.input / "a.jpg").exists()
    assert place.outputs() == ["a.png"]
