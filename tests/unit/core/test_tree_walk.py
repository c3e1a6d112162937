import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutoutd.core.blocking.tree_walk import walk
from cutoutd.files.output_tree import sweep_temporary_files


def make_chain(root: Path, depth: int, name: str = "some-folder") -> None:
    fd = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        child = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = child
    os.close(os.open(".cutoutd-a.png", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A file in 3,000 folders: deeper than Python's stack, the longest path and the number of open files."""
    root = tmp_path / "deep"
    root.mkdir()
    make_chain(root, 3000)
    yield root
    subprocess.run(["rm", "-rf", str(root)], check=True)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def walked(root: Path) -> list[tuple[str, list[str]]]:
    fd = os.open(root, os.O_RDONLY)
    unreadable: list[OSError] = []
    found = [(path, sorted(names)) for path, _, names in walk(fd, unreadable.append)]
    os.close(fd)
    assert not unreadable
    return found


def test_walk_goes_to_the_ground_of_any_depth(deep: Path) -> None:
    """Each folder is met, with one descriptor open at a time."""
    before = open_files()
    found = walked(deep)
    assert len(found) == 3001
    assert found[-1][1] == [".cutoutd-a.png"]
    assert open_files() == before


def test_sweep_goes_to_the_ground_of_any_depth(deep: Path) -> None:
    """A start removes temporary files, and a tree that is deeper than any program bears does not stop it."""
    assert sweep_temporary_files(deep, before_s=1e12) == 1


def test_walk_meets_every_folder_once(tmp_path: Path) -> None:
    """A tree with branches is met whole, without what lies behind links."""
    for folder in ("a/b", "a/c/d", "e"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch()
    (tmp_path / "e/link").symlink_to(tmp_path / "a")
    found = dict(walked(tmp_path))
    assert sorted(found) == [".", "a", "a/b", "a/c", "a/c/d", "e"]
    assert found["e"] == ["file", "link"]


def test_folder_moved_away_during_the_walk_ends_only_its_part(tmp_path: Path) -> None:
    """A folder that is moved out of the tree leads the walk nowhere else, and its siblings are still met."""
    for folder in ("tree/a/b", "tree/c", "elsewhere/secret"):
        (tmp_path / folder).mkdir(parents=True)
    fd = os.open(tmp_path / "tree", os.O_RDONLY)
    met = []
    for path, _, _ in walk(fd, lambda _: None):
        met.append(path)
        if path == "a/b":
            (tmp_path / "tree/a/b").rename(tmp_path / "elsewhere/b")
    os.close(fd)
    assert sorted(met) == [".", "a", "a/b", "c"]


def test_unreadable_folder_is_told_and_left_out(tmp_path: Path) -> None:
    """The error names the folder, and the walk goes on."""
    (tmp_path / "gone").mkdir()
    (tmp_path / "there").mkdir()
    fd = os.open(tmp_path, os.O_RDONLY)
    told: list[str] = []
    met = []
    for path, _, _ in walk(fd, lambda error: told.append(str(error.filename))):
        met.append(path)
        if path == ".":
            (tmp_path / "gone").rmdir()
    os.close(fd)
    assert (sorted(met), told) == ([".", "there"], ["gone"])
