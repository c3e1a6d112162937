import os
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.scanner import MOST_FOLDERS_DEEP, FolderSeen, Scan

NO_EXCLUSIONS = Exclusions(())


def paths(scan: Scan, below: str = "") -> set[str]:
    return {sighting.path for sighting in scan.sightings(below)}


def place(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_a_scan_finds_the_candidates_and_counts_the_rest(tmp_path: Path) -> None:
    """Spaces, umlauts and emoji included; junk folders are not even entered."""
    place(tmp_path, "a.jpg", "ünder line/😀.png", "x/y/z.heic", "notes.txt", "Thumbs.db", ".hidden.jpg", "@eaDir/a.jpg")
    scan = Scan(tmp_path, NO_EXCLUSIONS)
    assert paths(scan) == {"a.jpg", "ünder line/😀.png", "x/y/z.heic"}
    assert (scan.ignored, scan.folders, scan.passed_over.is_empty) == (3, 4, True)


def test_links_and_special_files_are_counted_not_followed(tmp_path: Path) -> None:
    """A link to a folder of photos gives none, a FIFO blocks nothing."""
    place(tmp_path / "outside", "a.jpg")
    root = tmp_path / "in"
    root.mkdir()
    (root / "link.jpg").symlink_to("../outside/a.jpg")
    (root / "folder").symlink_to("../outside", target_is_directory=True)
    (root / "loop").symlink_to(".", target_is_directory=True)
    os.mkfifo(root / "fifo.jpg")
    scan = Scan(root, NO_EXCLUSIONS)
    assert paths(scan) == set()
    assert scan.ignored == 4


def test_a_part_can_be_scanned_alone(tmp_path: Path) -> None:
    """Its paths are still relative to the root."""
    place(tmp_path, "a/b/c.jpg", "a/d.jpg", "e.jpg")
    assert paths(Scan(tmp_path, NO_EXCLUSIONS), "a/b") == {"a/b/c.jpg"}


def test_sub_folders_can_be_left_out(tmp_path: Path) -> None:
    """A folder with ``recursive: false``."""
    place(tmp_path, "a.jpg", "sub/b.jpg")
    assert paths(Scan(tmp_path, NO_EXCLUSIONS, is_recursive=False)) == {"a.jpg"}


def test_excluded_folders_are_not_entered(tmp_path: Path) -> None:
    """Neither their files nor they themselves are met."""
    place(tmp_path, "a.jpg", "drafts/b.jpg", "x/drafts/c.jpg", "x/old_d.jpg")
    entered: list[FolderSeen] = []
    scan = Scan(tmp_path, Exclusions(["drafts", "old_*"]), on_folder=entered.append)
    assert paths(scan) == {"a.jpg"}
    assert [folder.path for folder in entered] == ["", "x"]


def test_a_folder_is_told_before_it_is_listed(tmp_path: Path) -> None:
    """So that a watch put on it misses no file that comes after the listing."""
    place(tmp_path, "a.jpg")
    scan = Scan(tmp_path, NO_EXCLUSIONS, on_folder=lambda _: place(tmp_path, "just_in_time.jpg"))
    assert paths(scan) == {"a.jpg", "just_in_time.jpg"}


def test_a_folder_that_only_looks_temporary_is_entered(tmp_path: Path) -> None:
    """People call folders so; only a file of such a name is unfinished."""
    place(tmp_path, "x.part/a.jpg", "y.tmp/b.jpg", "~$z/c.jpg", "d.jpg.part", ".hidden/e.jpg")
    scan = Scan(tmp_path, NO_EXCLUSIONS)
    assert paths(scan) == {"x.part/a.jpg", "y.tmp/b.jpg", "~$z/c.jpg"}
    assert scan.passed_over.is_empty


def test_conflict_copies_and_snapshots_are_named(tmp_path: Path) -> None:
    """A scan, a look at a part, and a look at a file agree; what the user excludes is not named."""
    copy, snapshot = "a.sync-conflict-20261129-101500-ABCDEFG.jpg", "x/~snapshot"
    place(tmp_path, "a.jpg", copy, f"{snapshot}/a.jpg", "old/b (conflicted copy 2026-11-29 101500).jpg")
    scan = Scan(tmp_path, Exclusions(["old"], skips_copies=True))
    assert paths(scan) == {"a.jpg"}
    assert {(reason, path) for reason, path, _ in scan.passed_over} == {
        ("conflict_copy", copy),
        ("conflict_copy", snapshot),
    }
    part = Scan(tmp_path, Exclusions((), skips_copies=True))
    assert (paths(part, snapshot), part.look_at(copy)) == (set(), None)
    assert [path for _, path, _ in part.passed_over] == [snapshot, copy]
    assert paths(Scan(tmp_path, Exclusions(["old"]))) == {"a.jpg", copy, f"{snapshot}/a.jpg"}


def test_names_that_the_ledger_cannot_hold_are_named(tmp_path: Path) -> None:
    """A name with characters that stand for undecodable bytes in the ledger would be found anew for ever."""
    place(tmp_path, "a\U0010ff80.jpg", "b.jpg")
    scan = Scan(tmp_path, NO_EXCLUSIONS)
    assert paths(scan) == {"b.jpg"}
    assert list(scan.passed_over) == [("unstorable_name", "a\U0010ff80.jpg", "")]


def test_subfolders_left_out_are_named(tmp_path: Path) -> None:
    """A plan says how many folders ``recursive: false`` leaves out."""
    place(tmp_path, "sub/b.jpg")
    scan = Scan(tmp_path, NO_EXCLUSIONS, is_recursive=False)
    assert paths(scan) == set()
    assert list(scan.passed_over) == [("subfolder", "sub", "")]


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    """An input that is not mounted must not look like one that is empty."""
    with pytest.raises(FileNotFoundError):
        list(Scan(tmp_path / "gone", NO_EXCLUSIONS).sightings())


def test_a_folder_that_cannot_be_read_is_trouble_for_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the scan goes on. The system call refuses, because root may run the tests and reads everything."""
    place(tmp_path, "closed/a.jpg", "open/b.jpg")
    real_open = os.open

    def refuse_one(path: Path, flags: int) -> int:
        if path == tmp_path / "closed":
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", refuse_one)
    scan = Scan(tmp_path, NO_EXCLUSIONS)
    assert paths(scan) == {"open/b.jpg"}
    assert list(scan.passed_over) == [("unreadable", "closed", "Permission denied")]


@pytest.fixture
def deep_root(tmp_path: Path) -> Iterator[Path]:
    """2,500 folders in each other; removed with rm, because Python's own removal goes no deeper than its stack."""
    root = tmp_path / "deep"
    root.mkdir()
    fd = os.open(root, os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("d", dir_fd=fd)
        child = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = child
    os.close(fd)
    yield root
    subprocess.run(["rm", "-rf", str(root)], check=True)


def test_depth_is_no_recursion(deep_root: Path) -> None:
    """In a tree deeper than Python's stack the scan ends at a depth that every program bears, and says so."""
    scan = Scan(deep_root, NO_EXCLUSIONS)
    assert paths(scan) == set()
    assert scan.folders == MOST_FOLDERS_DEEP + 1
    assert [reason for reason, _, _ in scan.passed_over] == ["too_deep"]


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    """Twenty thousand files in one folder cost next to nothing while they pass by."""
    for number in range(20_000):
        os.mknod(tmp_path / f"{number}.jpg")
    tracemalloc.start()
    count = sum(1 for _ in Scan(tmp_path, NO_EXCLUSIONS).sightings())
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak_bytes < 500_000
