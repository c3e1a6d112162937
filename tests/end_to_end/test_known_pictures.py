"""A known picture at its own path is published already, whatever its inode, times and metadata."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.ledger import read_ledger
from cutoutd.ledger.queries import photos
from support.images.drawn_photos import jpeg, jpeg_of, png, put, with_segment
from support.ledgers import in_database
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess


def move_to_another_disk(place: Place) -> None:
    """Every photo gets another inode, and keeps its time, as rsync, cp -a and restored backups do it."""
    shutil.copytree(place.input, place.home / "disk 2")
    shutil.rmtree(place.input)
    (place.home / "disk 2").rename(place.input)


def touch(place: Place) -> None:
    for photo in place.input.iterdir():
        os.utime(photo)


def restore_without_times(place: Place) -> None:
    for photo in list(place.input.iterdir()):
        content = photo.read_bytes()
        photo.unlink()
        photo.write_bytes(content)


def rate(place: Place) -> None:
    for photo in place.input.iterdir():
        photo.write_bytes(with_segment(photo.read_bytes(), b"rated with five stars", 0xFE))


def rate_with_exiftool(place: Place) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    for photo in place.input.iterdir():
        for rating in "345":  # the last two in place: the file keeps its size
            arguments = ["-q", "-overwrite_original", f"-Rating={rating}"]
            subprocess.run(["exiftool", *arguments, str(photo)], check=True)


CHANGES = (move_to_another_disk, touch, restore_without_times, rate, rate_with_exiftool)


def launches(sandbox: SandboxProcess) -> int:
    return int(sandbox.counters()["requests"]["execute"])


def rows(place: Place) -> int:
    with read_ledger(place.state) as ledger:
        return sum(total.photos for total in photos.totals(ledger))


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_paid_for_again_when_the_cutouts_are_gone(
    place: Place, sandbox: SandboxProcess, change: Callable[[Place], None]
) -> None:
    """An archive that was moved, restored, touched or rated, with its cutouts carried away, costs nothing."""
    place.configure(limits={"confirm_over": 2})
    for name in ("a.jpg", "b.jpg"):
        put(place.input / name)
    assert place.run_once().returncode == 0
    for cutout in place.output.iterdir():
        cutout.unlink()
    for _ in range(2):
        change(place)
        assert '"removals": 0' in place.command("plan", "--json").stdout
        done = place.run_once()
        assert done.returncode == 0, done.stderr
    assert launches(sandbox) == 2
    assert sandbox.counters()["requests"]["upload"] == 2
    assert place.outputs() == []
    if change in {move_to_another_disk, touch, restore_without_times}:
        assert rows(place) == 2, "a touch leaves nothing in the ledger"
    # A person who wants the cutouts gets them, for money.
    assert place.command("reprocess", "--yes", str(place.input)).returncode == 0
    assert place.run_once().returncode == 0
    assert place.outputs() == ["a.png", "b.png"]
    assert launches(sandbox) == 4


def test_a_touch_of_a_running_daemon_costs_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """While cutoutd runs, a touch and a rating are noticed by events; a new photo beside them is not held up."""
    put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        (place.output / "a.png").unlink()
        touch(place)
        daemon.wait_for("sources_compared")
        rate(place)
        eventually(lambda: daemon.count("published") == 2)
        put(place.input / "b.jpg")
        daemon.wait_for("published", "b.jpg")
    assert place.outputs() == ["b.png"]
    assert launches(sandbox) == 2


def test_other_bytes_of_the_same_size_are_a_new_photo(place: Place, sandbox: SandboxProcess) -> None:
    """A picture that was replaced by one of equal size is taken up, although it looks like a touch at first."""
    content = jpeg()
    place.input.mkdir(exist_ok=True)
    put(place.input / "a.jpg", content)
    assert place.run_once().returncode == 0
    changed = bytearray(content)
    changed[content.index(b"\xff\xea") + 4] ^= 1  # in a segment that counts
    (place.input / "a.jpg").write_bytes(changed)
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 2
    assert rows(place) == 2


def test_an_edit_of_a_cutout_in_place_writes_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """The cutout stays the very file, and its photo has two versions."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    before = (place.output / "a.png").stat()
    rate(place)
    assert place.run_once().returncode == 0
    after = (place.output / "a.png").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert launches(sandbox) == 1
    assert rows(place) == 2


def test_a_rating_after_other_parameters_costs_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """A changed configuration makes no cutout again, and an edit of metadata does not either."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    place.configure(folder={"remove_bg": {"crop": True}})
    rate(place)
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 1
    assert "1 photo to be made again" in place.command("reprocess", "--changed", "--dry-run").stdout.replace(
        "1 photo is", "1 photo"
    )


def test_a_folder_with_another_name_costs_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """The photos of a folder that was renamed in the configuration are known by their place."""
    put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    (place.output / "a.png").unlink()
    place.configure(folder={"name": "renamed"})
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 1


def test_a_moved_photo_without_its_cutout_is_paid_for(place: Place, sandbox: SandboxProcess) -> None:
    """A new path is a new order, as before: it is reused while the cutout can be had, and else paid for."""
    photo = put(place.input / "a.jpg")
    assert place.run_once().returncode == 0
    (place.output / "a.png").unlink()
    photo.rename(place.input / "b.jpg")
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 2


def test_a_restored_earlier_version_gets_its_own_cutout(place: Place, sandbox: SandboxProcess) -> None:
    """A photo that goes back to an earlier picture must not keep the cutout of the later one."""
    first, second = jpeg(), png()
    put(place.input / "a.jpg", first)
    assert place.run_once().returncode == 0
    cutout = (place.output / "a.png").read_bytes()
    (place.input / "a.jpg").write_bytes(second)
    assert place.run_once().returncode == 0
    assert (place.output / "a.png").read_bytes() != cutout
    (place.input / "a.jpg").write_bytes(first)
    assert place.run_once().returncode == 0
    assert (place.output / "a.png").read_bytes() == cutout
    assert launches(sandbox) == 3


@pytest.mark.parametrize("name", ["bad.jpg"])
def test_a_rejected_photo_is_not_told_again_after_a_touch(place: Place, sandbox: SandboxProcess, name: str) -> None:
    """Its bytes are the same; once they are whole, it is taken up, even in the same size."""
    whole = jpeg()
    photo = put(place.input / name, whole[:-40] + bytes(40))
    assert place.run_once().returncode == 1
    os.utime(photo)
    assert place.run_once().returncode == 0
    assert rows(place) == 1
    photo.write_bytes(whole)
    assert place.run_once().returncode == 0
    assert place.outputs() == ["bad.png"]
    assert launches(sandbox) == 1


def test_a_failed_photo_is_not_tried_again_after_a_touch(place: Place, sandbox: SandboxProcess) -> None:
    """Uploadcare found nothing to cut out; a touch is no new picture."""
    sandbox.set_faults({"kind": "error_details", "code": "unknown_foreground", "times": 1})
    photo = put(place.input / "a.jpg")
    assert place.run_once().returncode == 1
    before = launches(sandbox)
    os.utime(photo)
    assert place.run_once().returncode == 0
    assert launches(sandbox) == before
    assert rows(place) == 1


def test_swapped_photos_get_each_others_cutouts(place: Place, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """Two photos that change their names keep what they show."""
    first, second = put(place.input / "a.jpg", jpeg()), put(place.input / "b.jpg", png())
    assert place.run_once().returncode == 0
    cutouts = [(place.output / name).read_bytes() for name in ("a.png", "b.png")]
    first.rename(tmp_path / "c")
    second.rename(first)
    (tmp_path / "c").rename(second)
    assert place.run_once().returncode == 0
    assert [(place.output / name).read_bytes() for name in ("a.png", "b.png")] == cutouts[::-1]
    assert launches(sandbox) == 2


def rewrite_in_place(photo: Path, content: bytes) -> None:
    """Other bytes in the same file, with its size and its time, as programs do it that keep a photo's date."""
    before = photo.stat()
    assert len(content) == before.st_size
    with photo.open("r+b") as file:
        file.write(content)
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = photo.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def _output_of(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def of_one_size(*colours: str) -> list[bytes]:
    """Photos that differ in their looks alone."""
    contents = [jpeg_of(colour) for colour in colours]
    longest = max(map(len, contents))
    return [content + bytes(longest - len(content)) for content in contents]


@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_a_photo_rewritten_with_its_size_and_time_is_noticed(place: Place, sandbox: SandboxProcess, mode: str) -> None:
    """Its change time tells; it gets a cutout of its own, once."""
    place.configure(watch={"mode": mode, "stability_delay": "0s", "rescan_interval": "1s"})
    red, blue = of_one_size("red", "blue")
    photo = put(place.input / "a.jpg", red)
    with place.start() as daemon:
        daemon.wait_for("published", "a.jpg")
        first = (place.output / "a.png").read_bytes()
        rewrite_in_place(photo, blue)
        daemon.wait_until(lambda lines: sum(line.action == "published" for line in lines) == 2)
    assert (place.output / "a.png").read_bytes() != first
    assert launches(sandbox) == 2


def test_a_rating_in_place_that_keeps_the_date_costs_nothing(place: Place, sandbox: SandboxProcess) -> None:
    """Size, time and inode stay, the bytes do not: it is read again, and its picture is known."""
    if shutil.which("exiftool") is None:
        pytest.skip("this machine has no exiftool")
    photo = put(place.input / "a.jpg")
    rating = ["exiftool", "-q", "-P", "-overwrite_original_in_place"]
    subprocess.run([*rating, "-Rating=3", str(photo)], check=True)
    assert place.run_once().returncode == 0
    before = photo.stat()
    subprocess.run([*rating, "-Rating=4", str(photo)], check=True)
    after = photo.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert place.run_once().returncode == 0
    assert (rows(place), launches(sandbox)) == (2, 1)


def test_other_rights_of_a_photo_are_looked_into_once(place: Place, sandbox: SandboxProcess) -> None:
    """A chmod of a whole archive has each file read once; nothing becomes a photo, and nothing is sent."""
    for name in ("a.jpg", "b.jpg"):
        put(place.input / name)
    assert place.run_once().returncode == 0
    for photo in place.input.iterdir():
        photo.chmod(0o600)
    said = [_output_of(place.run_once()).count("sources_compared") for _ in range(2)]
    assert said == [1, 0]
    assert (rows(place), launches(sandbox), sandbox.counters()["requests"]["upload"]) == (2, 2, 2)


def test_ctimes_that_are_not_known_are_learned_without_a_look(place: Place, sandbox: SandboxProcess) -> None:
    """Rows of an earlier version hold none; an upgrade reads no archive. What is rewritten later is noticed."""
    red, blue = of_one_size("red", "blue")
    photo = put(place.input / "a.jpg", red)
    assert place.run_once().returncode == 0
    in_database(place.state, "UPDATE photos SET ctime_ns = 0")
    photo.chmod(0o600)
    assert "sources_compared" not in _output_of(place.run_once())
    assert [each.identity.ctime_ns for each in place.versions("a.jpg")] == [photo.stat().st_ctime_ns]
    rewrite_in_place(photo, blue)
    assert place.run_once().returncode == 0
    assert launches(sandbox) == 2
