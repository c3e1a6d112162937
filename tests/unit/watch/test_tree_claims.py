"""Two instances on the same folders: the second sees the first."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import DiskError, TreesInUseError
from cutoutd.files.mounts import parse_mounts, read_mounts
from cutoutd.watch.trees.mounted_tree import look_at_tree
from cutoutd.watch.trees.tree_claims import TreeClaims, claimed_trees, unseen_others
from cutoutd.watch.trees.tree_overlap import TreesNow, look_at_trees, trees_of
from support.folders import folder_in

#: Claims the input and the output that its arguments name, says so, and waits to be ended.
_OTHER = """
import asyncio, sys
from pathlib import Path
from support.folders import folder_in
from cutoutd.files.mounts import read_mounts
from cutoutd.watch.trees.mounted_tree import look_at_tree
from cutoutd.watch.trees.tree_claims import claimed_trees
from cutoutd.watch.trees.tree_overlap import look_at_trees, trees_of
folder = folder_in(Path(sys.argv[3])).model_copy(update={"input": Path(sys.argv[1]), "output": Path(sys.argv[2])})
with claimed_trees(asyncio.run(look_at_trees(trees_of(folder), read_mounts()))):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def now(folder: FolderSettings) -> TreesNow:
    return asyncio.run(look_at_trees(trees_of(folder), read_mounts()))


@contextmanager
def other_instance(source: Path, cutouts: Path, home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a claim; a kill by SIGKILL ends it."""
    for folder in (source, cutouts, home):
        folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _OTHER, str(source), str(cutouts), str(home)]
    paths = os.pathsep.join(sys.path)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        try:
            yield other
        finally:
            other.kill()


@pytest.fixture
def folder(tmp_path: Path) -> FolderSettings:
    """The folder of the present instance."""
    (tmp_path / "own").mkdir()
    return folder_in(tmp_path / "own")


@pytest.mark.parametrize("case", ["input", "output", "input above", "input inside", "input by a link"])
def test_other_instance_on_the_same_folder_is_named(case: str, folder: FolderSettings, tmp_path: Path) -> None:
    """Equal trees, and inputs inside each other, are refused; the sentence names the process."""
    link = tmp_path / "link"
    link.symlink_to(folder.input)
    (folder.input / "sub").mkdir()
    elsewhere = tmp_path / "elsewhere"
    source = {
        "input": folder.input,
        "input above": folder.input.parent,
        "input inside": folder.input / "sub",
        "input by a link": link,
    }.get(case, elsewhere / "in")
    cutouts = folder.output if case == "output" else elsewhere / "out"
    with other_instance(source, cutouts, tmp_path / "home") as other:
        refused = pytest.raises(TreesInUseError, match=rf"is in use by another cutoutd, process {other.pid} \(")
        with refused, claimed_trees(now(folder)):
            pass
        other.kill()
        other.wait()
    with claimed_trees(now(folder)):
        assert sorted(path.name for path in folder.input.iterdir()) == ["sub"]  # nothing was left there


def test_other_folders_are_free(folder: FolderSettings, tmp_path: Path) -> None:
    """Neighbours, and an output inside another instance's output, disturb nobody."""
    (folder.output / "inside").mkdir()
    other = other_instance(folder.input.parent / "in2", folder.output / "inside", tmp_path / "home")
    with other, claimed_trees(now(folder)):
        pass


def test_folders_of_one_instance_may_share_an_output(folder: FolderSettings, tmp_path: Path) -> None:
    """An output is claimed once, and again after a reload."""
    (tmp_path / "second").mkdir()
    second = folder_in(tmp_path / "second").model_copy(update={"output": folder.output})
    for _ in range(2):
        with claimed_trees(now(folder) | now(second)):
            pass


def test_own_folder_that_is_mounted_inside_the_input_is_no_other_instance(folder: FolderSettings) -> None:
    """A bind mount of a part of an input, inside of that input, belongs to the same cutoutd."""
    for name in ("sub", "again"):
        (folder.input / name).mkdir()
    root, again = folder.input, folder.input / "again"
    table = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 {root}/sub {again} rw - ext4 /dev/sda1 rw\n"
    trees = asyncio.run(look_at_trees(trees_of(folder), parse_mounts(table)))
    with claimed_trees(trees):
        pass


def test_claims_follow_a_tree_that_is_led_elsewhere(folder: FolderSettings) -> None:
    """The new place is claimed, the one that was left is free, and a new place of another instance is refused."""
    tree = trees_of(folder)[0]
    before, moved = (
        asyncio.run(look_at_trees([tree], parse_mounts(f"1 0 8:1 {place} / rw - ext4 /dev/sda1 rw\n")))[tree]
        for place in ("/", "/moved")
    )
    with TreeClaims() as ours:
        ours.follow(tree, before)
        with TreeClaims() as others:
            assert isinstance(others.refusal({tree: before}), TreesInUseError)
            ours.follow(tree, moved)
            assert others.refusal({tree: before}) is None
            assert isinstance(others.refusal({tree: moved}), TreesInUseError)


def test_inputs_share_the_claims_on_what_is_above_them(tmp_path: Path) -> None:
    """Each claim is an open file, and a service may open a thousand. A tree that goes takes no claim from others."""
    trees: TreesNow = {}
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        folder = folder_in(tmp_path / str(number)).model_copy(update={"name": f"folder {number}"})
        trees = {**trees, **now(folder)}
    before = open_files()
    with TreeClaims() as claims:
        for tree, seen in trees.items():
            claims.follow(tree, seen)
        assert open_files() - before <= 3 * 50 + len(tmp_path.parts)
        first = next(iter(trees))
        claims.follow(first, look_at_tree(Path("/nowhere"), read_mounts()))
        with TreeClaims() as others:
            above = dict.fromkeys([first], look_at_tree(tmp_path, read_mounts()))
            assert isinstance(others.refusal(above), TreesInUseError)
    assert open_files() == before


def test_no_more_open_files_is_no_other_instance(folder: FolderSettings) -> None:
    """Nothing that was claimed half stays, and the advice names the limit."""
    trees = now(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_files()
    with TreeClaims() as claims:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before + 2, hard))
        try:
            refusal = claims.refusal(trees)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert isinstance(refusal, DiskError)
        assert "cannot be claimed: Too many open files" in refusal.sentence
        assert "LimitNOFILE=" in refusal.advice
        assert open_files() == before
        assert claims.refusal(trees) is None


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_trees_that_other_machines_reach_are_told(folder: FolderSettings) -> None:
    """A claim ends at the machine, so a share is named."""
    tree = trees_of(folder)[0]
    table = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:40 / {folder.input} rw - nfs4 nas:/photos rw\n"
    shared = asyncio.run(look_at_trees([tree], parse_mounts(table)))[tree]
    assert "is on nfs4: a cutoutd on another machine" in unseen_others(tree, shared)
    local = asyncio.run(look_at_trees([tree], parse_mounts(table.splitlines()[0])))[tree]
    assert unseen_others(tree, local) == ""
