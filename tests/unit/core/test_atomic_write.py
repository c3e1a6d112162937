"""Files that appear whole, and names that replace no other file."""

import errno
import os
import stat
from pathlib import Path

import pytest

from cutoutd.core import atomic_write
from cutoutd.core.atomic_write import TEMPORARY_PREFIX, rename_or_link, replaced, temporary_name


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Until the block ends, the old content stays."""
    file = tmp_path / "a.json"
    file.write_text("old")
    with replaced(file, mode=0o600) as content:
        content.write(b"new")
        content.flush()
        assert file.read_text() == "old"
        (temporary,) = (other.name for other in tmp_path.iterdir() if other != file)
    assert temporary.startswith(TEMPORARY_PREFIX)
    assert temporary.endswith(".json")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("new", [file])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    """And no temporary file."""
    file = tmp_path / "a.json"
    file.write_text("old")

    def write_half() -> None:
        with replaced(file) as content:
            content.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_half()
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])


@pytest.mark.parametrize(("refused", "is_kept"), [((), False), (("rename",), True), (("rename", "link"), False)])
def test_a_new_name_replaces_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...], *, is_kept: bool
) -> None:
    """Also where no rename replaces nothing, such as NFS, and without hard links, such as exFAT."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EINVAL if refused == ("rename",) else errno.EPERM, "refused")

    if "rename" in refused:
        monkeypatch.setattr(atomic_write, "rename_to_free_name", refuse)
    if "link" in refused:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_text("ours")
    (tmp_path / "b").write_text("theirs")
    with pytest.raises(FileExistsError):
        rename_or_link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "theirs"
    assert rename_or_link(tmp_path / "a", tmp_path / "c") is not is_kept
    assert (tmp_path / "c").read_text() == "ours"
    assert (tmp_path / "a").exists() is is_kept


def test_no_two_temporary_names_are_alike() -> None:
    """Two commands may write the same file."""
    assert len({temporary_name("a.png") for _ in range(100)}) == 100
