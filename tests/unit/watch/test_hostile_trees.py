"""Input trees that fool and change: links, pipes, devices, files and folders that are swapped while they are looked at.

Whatever stands there, nothing is waited on, and nothing outside of the trees is read or listened to.
"""

import ast
import asyncio
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import open_beneath, open_source
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.inotify import EventBuffer, KernelEvents
from cutoutd.watch.scanner import FolderSeen, Scan
from support.fakes.fake_sink import PATIENCE_S
from support.folders import folder_in
from support.images.hostile_images import (
    MOST_BYTES,
    SMALL_JPEG,
    SMALL_PNG,
    bounded,
)
from support.intake_check import ACCEPTED, judge, outcome_on, outcomes_on, sightings_in
from support.processes.sandbox_process import SOURCE_ROOT

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: devices, mounts, reading as somebody else")


# -- no photos at all ---------------------------------------------------------------------------------------------


def test_special_files_and_links_are_passed_over(folder: FolderSettings, tmp_path: Path) -> None:
    """Nothing is waited on, nothing followed, nothing opened; they are counted, and links are named."""
    root = folder.input
    (tmp_path / "secret.jpg").write_bytes(SMALL_JPEG)
    os.mkfifo(root / "pipe.jpg")
    (root / "out.jpg").symlink_to("../secret.jpg")
    (root / "out").symlink_to("..", target_is_directory=True)
    (root / "loop").symlink_to("loop")
    (root / "circle").symlink_to(".", target_is_directory=True)
    (root / "itself.jpg").symlink_to("itself.jpg")
    (root / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket.jpg"))
        scan = Scan(root, Exclusions(()))
        assert list(scan.sightings()) == []
    assert scan.ignored == 7
    assert {(reason, path) for reason, path, _ in scan.passed_over} == {
        ("link", name) for name in ("out.jpg", "out", "loop", "circle", "itself.jpg")
    }


@is_root
def test_devices_are_passed_over(folder: FolderSettings) -> None:
    """Reading one may wait for ever, or rewind a tape."""
    os.mknod(folder.input / "null.jpg", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(folder.input / "disk.png", stat.S_IFBLK | 0o666, os.makedev(7, 250))
    assert outcomes_on(folder) == {}


def test_a_file_under_two_names_is_two_photos_of_one_content(folder: FolderSettings, tmp_path: Path) -> None:
    """Also when one of the names lies outside of the tree; the ledger lets only one of them be paid for."""
    (tmp_path / "elsewhere.jpg").write_bytes(SMALL_JPEG)
    for name in ("a.jpg", "b.jpg"):
        (folder.input / name).hardlink_to(tmp_path / "elsewhere.jpg")
    verdicts = outcomes_on(folder)
    assert len({verdict.fact.sha256 for verdict in verdicts.values() if verdict.fact}) == 1
    assert verdicts.keys() == {"a.jpg", "b.jpg"}


@pytest.mark.parametrize(
    ("start", "size_bytes", "code"),
    [
        (b"", MOST_BYTES, "not_a_picture"),
        (SMALL_JPEG[:-2], MOST_BYTES, ACCEPTED),
        (SMALL_PNG[:-12], MOST_BYTES, "truncated"),
        (SMALL_JPEG, MOST_BYTES, ACCEPTED),
        (SMALL_JPEG, MOST_BYTES + 1, "too_large"),
        (SMALL_JPEG, 1 << 40, "too_large"),
    ],
)
def test_a_file_of_holes_costs_no_more_than_its_size(
    folder: FolderSettings, start: bytes, size_bytes: int, code: str
) -> None:
    """Reserved, but never written; over the limit it is not even read."""
    (folder.input / "a.jpg").write_bytes(start)
    os.truncate(folder.input / "a.jpg", size_bytes)
    with bounded():
        assert outcomes_on(folder)["a.jpg"].code == code


# -- while a user changes it --------------------------------------------------------------------------------------


def test_a_file_that_grows_while_it_is_read_is_another_version(
    folder: FolderSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the old nor the new bytes are trusted."""

    def open_and_append(root: Path, identity: Identity) -> BufferedReader:
        file = open_source(root, identity)
        with (root / identity.path).open("ab") as writer:
            writer.write(SMALL_JPEG)
        return file

    monkeypatch.setattr("cutoutd.pipeline.steps.validate.open_source", open_and_append)
    assert outcome_on(SMALL_JPEG, folder).code == "changed"


@pytest.mark.parametrize("successor", [None, os.mkfifo, lambda path: path.symlink_to("/etc/hostname")])
def test_a_file_that_goes_between_look_and_open_is_gone(
    folder: FolderSettings, monkeypatch: pytest.MonkeyPatch, successor: Callable[[Path], None] | None
) -> None:
    """Whatever stands there instead is not waited on and not followed."""

    def open_too_late(root: Path, path: str) -> BufferedReader:
        (root / path).unlink()
        if successor is not None:
            successor(root / path)
        return open_beneath(root, path)

    monkeypatch.setattr("cutoutd.files.input_tree.open_beneath", open_too_late)
    assert outcome_on(SMALL_JPEG, folder).code == "vanished"


def test_a_folder_swapped_for_a_link_during_the_scan_leads_nowhere(folder: FolderSettings, tmp_path: Path) -> None:
    """Folders of the same names outside of the tree are neither listened to nor listed."""
    (tmp_path / "outside/b").mkdir(parents=True)
    (tmp_path / "outside/b/secret.jpg").write_bytes(SMALL_JPEG)
    (folder.input / "a/b").mkdir(parents=True)
    told: list[FolderSeen] = []

    def swap(seen: FolderSeen) -> None:
        told.append(seen)
        if seen.path == "a":
            (folder.input / "a").rename(tmp_path / "moved")
            (folder.input / "a").symlink_to(tmp_path / "outside", target_is_directory=True)

    scan = Scan(folder.input, Exclusions(()), on_folder=swap)
    assert list(scan.sightings()) == []
    assert (tmp_path / "outside/b").stat().st_ino not in {seen.inode for seen in told}
    assert scan.passed_over.is_empty
    with pytest.raises(FileNotFoundError):
        list(Scan(folder.input, Exclusions(())).sightings("a/b"))


def test_a_folder_swapped_for_a_link_before_it_is_listened_to_is_heard_itself(
    folder: FolderSettings, tmp_path: Path
) -> None:
    """The kernel's watch is put on what the scan opened, not on what stands at its path a moment later."""
    (tmp_path / "outside").mkdir()
    (folder.input / "a").mkdir()

    async def play() -> None:
        hints = EventBuffer()
        events = KernelEvents(hints, Exclusions(()).covers)

        def swap_and_arm(seen: FolderSeen) -> None:
            if seen.path == "a":
                (folder.input / "a").rename(tmp_path / "moved")
                (folder.input / "a").symlink_to(tmp_path / "outside", target_is_directory=True)
            events.arm(seen)

        try:
            list(Scan(folder.input, Exclusions(()), on_folder=swap_and_arm).sightings())
            hints.take()
            (tmp_path / "outside/secret.jpg").write_bytes(SMALL_JPEG)
            (tmp_path / "moved/b.jpg").write_bytes(SMALL_JPEG)
            await hints.wait(PATIENCE_S)
            assert hints.take().files.keys() == {"a/b.jpg"}
        finally:
            events.close()

    asyncio.run(play())


# -- where it lies ------------------------------------------------------------------------------------------------


def test_forty_levels_deep_is_a_photo_like_any_other(folder: FolderSettings) -> None:
    """And its cutout will lie as deep."""
    path = "/".join(f"level {number}" for number in range(40)) + "/a.jpg"
    (folder.input / path).parent.mkdir(parents=True)
    (folder.input / path).write_bytes(SMALL_JPEG)
    assert {found: verdict.code for found, verdict in outcomes_on(folder).items()} == {path: ACCEPTED}


@is_root
def test_a_disk_mounted_inside_is_part_of_the_tree(folder: FolderSettings) -> None:
    """A card reader's folder, say; unmounted between scan and examination, its photos are gone, and no others."""
    (folder.input / "card").mkdir()
    (folder.input / "a.jpg").write_bytes(SMALL_JPEG)
    mounting = subprocess.run(["mount", "-t", "tmpfs", "none", folder.input / "card"], check=False)
    if mounting.returncode:
        pytest.skip("this machine does not let even root mount")
    try:
        (folder.input / "card/b.jpg").write_bytes(SMALL_JPEG)
        found = sightings_in(folder)
        assert {sighting.path: judge(sighting, folder).code for sighting in found} == {
            "a.jpg": ACCEPTED,
            "card/b.jpg": ACCEPTED,
        }
    finally:
        subprocess.run(["umount", folder.input / "card"], check=True)
    assert {sighting.path: judge(sighting, folder).code for sighting in found} == {
        "a.jpg": ACCEPTED,
        "card/b.jpg": "vanished",
    }


_AS_NOBODY = """
import os, sys
from pathlib import Path
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.scanner import Scan
from support.folders import folder_in
from support.intake_check import judge, sightings_in, outcomes_on
folder = folder_in(Path(sys.argv[1]))
found = sightings_in(folder)
outcomes_on(folder)  # whatever is imported lazily, while Python's own files may still be read
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print({sighting.path: judge(sighting, folder).code for sighting in found})
print({path: verdict.sentence for path, verdict in outcomes_on(folder).items()})
scan = Scan(folder.input, Exclusions(()))
list(scan.sightings())
print([(reason.value, path, cause) for reason, path, cause in scan.passed_over])
"""


@pytest.fixture
def public_folder() -> Iterator[FolderSettings]:
    """A folder that every user can reach; pytest keeps its own for itself."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield folder_in(Path(place))


@is_root
def test_what_may_not_be_read_waits_or_is_told(public_folder: FolderSettings) -> None:
    """Files without permission wait for it, and none counts as removed; a folder is problem of the scan."""
    root = public_folder.input
    for name in ("mine.jpg", "open.jpg", "closed/a.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(SMALL_JPEG)
    (root / "mine.jpg").chmod(0o600)
    (root / "closed").chmod(0o700)
    paths = os.pathsep.join((str(SOURCE_ROOT), str(Path(__file__).parents[2])))
    told = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(root.parent)],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == ""
    codes, sentences, troubles = told.stdout.splitlines()
    assert ast.literal_eval(codes) == {"open.jpg": ACCEPTED, "mine.jpg": "delayed", "closed/a.jpg": "delayed"}
    assert ast.literal_eval(sentences) == {
        "open.jpg": "",
        "mine.jpg": f"{root}/mine.jpg cannot be read: Permission denied",
    }
    assert troubles == "[('unreadable', 'closed', 'Permission denied')]"
