"""The trash of a mount, where other users may have planted links."""

import os
from pathlib import Path

import pytest

from cutoutd.pipeline.on_success import trash


@pytest.mark.parametrize("name", [".Trash-{uid}", ".Trash/{uid}"])
def test_no_trash_is_made_behind_a_planted_link(tmp_path: Path, name: str) -> None:
    """A link at the top of a mount leads a trash into a folder of another user; nothing is made there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    planted = tmp_path / name.format(uid=os.getuid())
    planted.parent.mkdir(exist_ok=True)
    planted.symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"."):
        trash._open_private(trash._TrashDirectory(planted, tmp_path), "files")
    assert list(elsewhere.iterdir()) == []
