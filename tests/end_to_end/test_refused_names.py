"""Names that a disk refuses: a real exFAT disk takes what Windows takes, and every paid cutout finds a name there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.images.drawn_photos import is_cutout, jpeg, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess
from support.small_disks import exfat_disk


@pytest.fixture
def slow_sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One whose removals leave time to mount a disk."""
    with SandboxProcess(tmp_path / "slow", "--processing-time", "2") as sandbox:
        yield sandbox


def paid_once(sandbox: SandboxProcess, number: int) -> bool:
    return sorted(sandbox.counters()["executes_by_sha256"].values()) == [1] * number


def test_what_an_exfat_disk_refuses_gets_a_safe_name(tmp_path: Path, own_sandbox: SandboxProcess) -> None:
    """Names of photos, folders and notes, in output and archive: each finds its place, and is paid for once."""
    place = Place(tmp_path / "shop", own_sandbox.url)
    archive = tmp_path / "archive"
    place.configure(folder={"on_success": "move", "archive": str(archive)}, limits={"min_free_space": 1})
    paths = ("12:30.jpg", "12_30.jpg", "a?/b*.jpg", "plain.jpg", "🦊.jpg")
    with exfat_disk(place.output), exfat_disk(archive), place.start() as daemon:
        for path in paths:
            put(place.input / path, jpeg())
        put(place.input / "what?.jpg", b"no picture")
        daemon.wait_for("published", *paths)
        daemon.wait_for("rejected", "what?.jpg")
        daemon.wait_until(lambda lines: sum("was moved to" in line.message for line in lines) == len(paths))
        told = [line.message for line in daemon.lines if line.action == "published" and "takes no name" in line.message]
        assert len(told) == 2
        assert "12:30.png" in "".join(told)
        *cutouts, note, fox = place.outputs()
        assert cutouts == ["12_30.jpg.png", "12_30.png", "a_/b_.png", "plain.png"]
        assert (note, fox) == ("what_.jpg.failed.txt", "🦊.png")
        assert all(is_cutout(place.output / name) for name in (*cutouts, fox))
        assert (archive / "a_/b_.jpg").is_file()
        assert len(list(archive.rglob("*.jpg"))) == len(paths)
        assert paid_once(own_sandbox, len(paths))


def test_a_disk_that_refuses_a_paid_name_later_gets_another(tmp_path: Path, slow_sandbox: SandboxProcess) -> None:
    """The output becomes an exFAT disk after the launch: the paid cutout, and its copy, are placed under safe names."""
    place = Place(tmp_path / "shop", slow_sandbox.url)
    place.configure(limits={"min_free_space": 1})
    picture = jpeg()
    with place.start() as daemon:
        put(place.input / "12:30/12:31.jpg", picture)
        put(place.input / "12:32.jpg", picture)
        daemon.wait_until(lambda lines: any(line.action == "removal_started" for line in lines))
        with exfat_disk(place.output):
            daemon.wait_for("published", "12:30/12:31.jpg", "12:32.jpg")
            assert place.outputs() == ["12_30/12_31.png", "12_32.png"]
            assert daemon.count("name_refused") == 2
            assert paid_once(slow_sandbox, 1)


def test_portable_names_are_made_wherever_they_are_wanted(place: Place) -> None:
    """With target_names: portable the names are Windows' own, also on a disk that takes all of them."""
    place.configure(folder={"target_names": "portable"})
    with place.start() as daemon:
        put(place.input / "CON/12:30 .jpg", jpeg())
        put(place.input / "bad:.jpg", b"no picture")
        daemon.wait_for("published", "CON/12:30 .jpg")
        daemon.wait_for("rejected", "bad:.jpg")
    assert place.outputs() == ["CON_/12_30 .png", "bad_.jpg.failed.txt"]
