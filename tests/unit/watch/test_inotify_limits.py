import errno
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cutoutd.watch.inotify import limit_reason

WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


@given(st.integers(1, 10_000_000))
def test_the_proposed_limit_holds_the_tree(folders: int) -> None:
    """On top of what is in use now, with room to grow."""
    line = limit_reason(OSError(errno.ENOSPC, "limit"), folders).rpartition("sysctl fs.inotify.max_user_watches=")
    assert int(line[2]) >= int(WATCHES.read_text()) + folders


def test_each_limit_has_its_own_line() -> None:
    """Watches and instances are different settings."""
    assert "sysctl fs.inotify.max_user_instances=" in limit_reason(OSError(errno.EMFILE, "limit"), 3)


def test_any_other_refusal_is_told_as_it_came() -> None:
    """No advice is better than a wrong one."""
    assert limit_reason(OSError(errno.ENOMEM, "Out of memory"), 3) == "the kernel refused events: Out of memory"


def test_without_proc_the_line_is_reckoned_from_the_tree(tmp_path: Path) -> None:
    """A chroot may lack it."""
    assert limit_reason(OSError(errno.ENOSPC, "limit"), 1000, tmp_path).endswith("=2048")
