"""A photo's file: only the version that was found is ever opened, and never through a link."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.core.errors import DiskError, SupersededError
from cutoutd.core.photo import Identity
from cutoutd.files.input_tree import open_source, reading_errors, require_unchanged
from support.ledgers import identity, identity_of


@pytest.fixture
def found(tmp_path: Path) -> Identity:
    """A photo in the input tree, as it was found."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").write_bytes(b"the photo")
    return identity_of(tmp_path, "sub/a.jpg")


def test_the_version_that_was_found_is_opened(tmp_path: Path, found: Identity) -> None:
    """A file that is still the same is read from its beginning."""
    with open_source(tmp_path, found) as file:
        assert file.read() == b"the photo"
    require_unchanged(tmp_path, found)


def rewrite(file: Path) -> None:
    file.write_bytes(b"THE PHOTO")


def rewrite_with_the_old_time(file: Path) -> None:
    before = file.stat()
    file.write_bytes(b"THE PHOTO")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(file: Path) -> None:
    draft = file.with_name("draft")
    draft.write_bytes(b"the photo")
    draft.replace(file)


def append(file: Path) -> None:
    with file.open("ab") as content:
        content.write(b"!")


@pytest.mark.parametrize("change", [rewrite, rewrite_with_the_old_time, replace, append])
def test_a_changed_file_is_another_version(tmp_path: Path, found: Identity, change: Callable[[Path], None]) -> None:
    """A rewritten or replaced file is a new photo, however carefully times were kept."""
    change(tmp_path / found.path)
    for look in (open_source, require_unchanged):
        with pytest.raises(SupersededError, match=r"sub/a.jpg was changed") as error:
            look(tmp_path, found)
        assert error.value.code == "changed"
        assert "taken up as a new photo" in error.value.advice


def remove(file: Path) -> None:
    file.unlink()


def remove_with_folder(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()


def swap_for_link(file: Path) -> None:
    file.rename(file.with_name("b.jpg"))
    file.symlink_to("b.jpg")


def swap_folder_for_link(file: Path) -> None:
    elsewhere = file.parent.with_name("elsewhere")
    file.parent.rename(elsewhere)
    file.parent.symlink_to(elsewhere)


def swap_for_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("change", [remove, remove_with_folder, swap_for_link, swap_folder_for_link, swap_for_pipe])
def test_a_vanished_file_is_nobodys_fault(tmp_path: Path, found: Identity, change: Callable[[Path], None]) -> None:
    """A file that is gone, or was swapped for something that must not be followed or waited on, is superseded."""
    change(tmp_path / found.path)
    for look in (open_source, require_unchanged):
        with pytest.raises(SupersededError) as error:
            look(tmp_path, found)
        assert error.value.code == "vanished"


def test_a_missing_input_folder_is_no_removal(tmp_path: Path) -> None:
    """An unmounted input waits for its mount: no photo in it counts as removed."""
    with pytest.raises(DiskError, match="is not there") as error:
        open_source(tmp_path / "disk", identity())
    assert "Mount it" in error.value.advice


def test_an_input_folder_that_cannot_be_asked_is_no_removal(tmp_path: Path) -> None:
    """A root that answers with an error (a dead network share does; here, a name too long) waits as well."""
    with pytest.raises(DiskError, match="cannot be read: File name too long"):
        open_source(tmp_path / ("x" * 300), identity())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it has to read as somebody else")
def test_an_unreadable_file_waits(tmp_path: Path, found: Identity) -> None:
    """Missing permissions may be granted later, so the photo waits and the sentence says why."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (tmp_path / found.path).chmod(0o600)
    found = identity_of(tmp_path, found.path)
    os.seteuid(65534)
    try:
        with pytest.raises(DiskError, match=r"sub/a.jpg cannot be read: Permission denied"):
            open_source(tmp_path, found)
    finally:
        os.seteuid(0)


def test_a_disk_that_fails_while_reading_waits(tmp_path: Path) -> None:
    """An error in the middle of a file is the disk's, not the photo's."""
    with (
        pytest.raises(DiskError, match=r"a.jpg cannot be read: Input/output error"),
        reading_errors(tmp_path, identity()),
        Path("/proc/self/mem").open("rb") as failing,
    ):
        failing.read(1)
