import os
import socket
from pathlib import Path

import pytest

from cutoutd.files.input_tree import Sighting, open_beneath, stat_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "photo.jpg").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "photo.jpg").write_bytes(b"secret")
    return root


def test_a_file_is_seen_and_opened(root: Path) -> None:
    """The look and the open file tell the same version."""
    seen = stat_file(root, "a/b/photo.jpg")
    with open_beneath(root, "a/b/photo.jpg") as file:
        opened = Sighting.of("a/b/photo.jpg", os.fstat(file.fileno()))
        assert file.read() == b"inside"
    assert seen is not None
    assert seen.is_same_version(opened)
    assert seen.size_bytes == 6


@pytest.mark.parametrize("target", ["../../../outside/photo.jpg", "photo.jpg", "nowhere", "."])
def test_a_linked_file_is_neither_seen_nor_opened(root: Path, target: str) -> None:
    """Wherever it leads, even inside the tree."""
    (root / "a/b/link.jpg").symlink_to(target)
    assert stat_file(root, "a/b/link.jpg") is None
    with pytest.raises(FileNotFoundError):
        open_beneath(root, "a/b/link.jpg")


def test_a_linked_folder_on_the_way_is_not_followed(root: Path) -> None:
    """A folder swapped for a link to another user's photos gives nothing away."""
    (root / "linked").symlink_to(root.parent / "outside", target_is_directory=True)
    assert stat_file(root, "linked/photo.jpg") is None
    with pytest.raises(FileNotFoundError):
        open_beneath(root, "linked/photo.jpg")


def test_the_root_itself_may_be_a_link(root: Path) -> None:
    """The administrator made it, not a user with write access to the tree."""
    link = root.parent / "link"
    link.symlink_to(root, target_is_directory=True)
    assert stat_file(link, "a/b/photo.jpg") is not None


@pytest.mark.parametrize("path", ["../outside/photo.jpg", "a/../../outside/photo.jpg", "", "a/b/", "a//photo.jpg", "."])
def test_no_path_leads_out_of_the_tree(root: Path, path: str) -> None:
    """Paths come from outside (the command line, an old ledger); none is trusted."""
    assert stat_file(root, path) is None
    with pytest.raises(FileNotFoundError):
        open_beneath(root, path)


def test_what_is_no_regular_file_is_never_waited_on(root: Path) -> None:
    """Opening a FIFO would block for ever; sockets and folders are no photos either."""
    os.mkfifo(root / "fifo.jpg")
    (root / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s.jpg"))
        for name in ("fifo.jpg", "folder.jpg", "s.jpg"):
            assert stat_file(root, name) is None
            with pytest.raises(FileNotFoundError):
                open_beneath(root, name)


def test_names_that_are_no_text_are_kept(root: Path) -> None:
    """A file name is bytes to Linux; old archives hold Latin-1."""
    raw = b"caf\xe9.jpg"
    Path(os.fsdecode(os.fsencode(root) + b"/" + raw)).write_bytes(b"x")
    with open_beneath(root, os.fsdecode(raw)) as file:
        assert file.read() == b"x"


def test_depth_has_no_limit(root: Path) -> None:
    """A path longer than the kernel takes at once is walked in steps."""
    fd = os.open(root, os.O_RDONLY)
    name = "d" * 200
    for _ in range(30):
        os.mkdir(name, dir_fd=fd)
        child = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = child
    os.close(os.open("photo.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    assert stat_file(root, "/".join([name] * 30 + ["photo.jpg"])) is not None
