"""One instance per ledger, and the kernel lets go of it for the dead."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutoutd.core.errors import DiskError, LedgerBusyError
from cutoutd.ledger import hold_ledger, is_held
from support.processes.sandbox_process import SOURCE_ROOT

_HOLD = """
import sys, time
from pathlib import Path
from cutoutd.ledger import hold_ledger

with hold_ledger(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(state_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the ledger."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    """Who comes second learns the process number of who holds the ledger."""
    with holder(tmp_path) as process:
        assert is_held(tmp_path)
        with pytest.raises(LedgerBusyError, match=rf"in use by process {process.pid}$"), hold_ledger(tmp_path):
            pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """After SIGKILL the ledger is free at once, though the file is still there."""
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / "ledger.lock").exists()
        assert not is_held(tmp_path)
        with hold_ledger(tmp_path):
            assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_asking_makes_nothing(tmp_path: Path) -> None:
    """Where nothing ever ran, nobody holds anything, and asking leaves no trace."""
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_whoever_only_looks_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """A daemon that starts while others ask whether one runs is not refused."""
    with hold_ledger(tmp_path):
        pass
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            is_held(tmp_path)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(200):
            with hold_ledger(tmp_path):
                pass
    finally:
        is_over.set()
        for asker in askers:
            asker.join()


def test_a_missing_state_folder_is_told_in_words(tmp_path: Path) -> None:
    """A state folder that cannot be used is told with its place and reason."""
    with pytest.raises(DiskError, match="gone cannot be used: No such file"), hold_ledger(tmp_path / "gone"):
        pass
