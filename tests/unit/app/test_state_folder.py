"""The state folder is private: an open one is closed, or refused where it is not cutoutd's own."""

import os
import stat
from pathlib import Path

import pytest

from cutoutd.app.startup import make_state_dir
from cutoutd.core.errors import DiskError
from cutoutd.ledger.sqlite.create import create_ledger_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("before", "after"), [(0o755, 0o750), (0o777, 0o750), (0o770, 0o750), (0o700, 0o700)])
def test_an_open_state_folder_is_closed_and_told(
    tmp_path: Path, before: int, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Other users lose their rights, and the log says so; the group may still look."""
    state = tmp_path / "state"
    state.mkdir()
    create_ledger_file(state)
    state.chmod(before)
    make_state_dir(state)
    assert mode_of(state) == after
    assert ("other users could look into" in caplog.text) == (before != after)


def test_a_new_state_folder_and_its_ledger_are_private(tmp_path: Path) -> None:
    """Whatever the umask of the service is."""
    before = os.umask(0)
    try:
        make_state_dir(tmp_path / "a/state")
        create_ledger_file(tmp_path / "a/state")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a/state") == 0o700
    assert mode_of(tmp_path / "a/state/ledger.sqlite") == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_a_shared_folder_is_refused_and_left_as_it_is(tmp_path: Path, mode: int) -> None:
    """A folder with other things in it, such as /tmp, is not closed to those that use it."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "of somebody else").touch()
    shared.chmod(mode)
    with pytest.raises(DiskError, match="other users may look into"):
        make_state_dir(shared)
    assert mode_of(shared) == mode
