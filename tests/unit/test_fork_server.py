"""That a forked process is like one started cold; the daemon's own tests rest on it."""

import functools
import signal
import subprocess
from pathlib import Path

import pytest

from support.processes import fork_client
from support.processes.daemon_process import command

#: Says all that a process is given, its own name included, and ends as told.
_PROGRAM = """
import os, signal, sys
print(sys.argv[1:], os.getcwd(), sorted(os.environ.items()), __name__)
print(*map(signal.getsignal, (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)), sorted(os.listdir("/proc/self/fd")))
print("worse", file=sys.stderr)
if sys.argv[1] == "wait":
    sys.stdout.flush()
    signal.pause()
sys.exit(7)
"""


def told(file: Path, number: int) -> str:
    return file.with_name(f"{number}.txt").read_text()


def begun(program: Path, number: int, *, word: str) -> fork_client.Process:
    """The first of a kind is cold, the next one forked; each writes into files of its own."""
    with program.with_name(f"{number}.txt").open("wb") as stdout, program.with_name(f"e{number}.txt").open("wb") as err:
        return fork_client.start([str(program)], [word], folder=program.parent, streams=(stdout, err))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.py"
    file.write_text(_PROGRAM)
    return file


def test_a_forked_process_is_like_a_cold_one(program: Path) -> None:
    """The same arguments, folder, environment, signals and open files; streams apart; its exit code."""
    cold, forked = begun(program, 0, word="go"), begun(program, 1, word="go")
    assert isinstance(cold, subprocess.Popen)
    assert isinstance(forked, fork_client.ForkedProcess)
    assert [cold.wait(60), forked.wait(60)] == [7, 7]
    assert told(program, 0) == told(program, 1)
    assert program.with_name("e1.txt").read_text() == "worse\n"


def test_signals_ignored_here_reach_both(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from ``nohup`` or a script's ``&``, a process hears Ctrl-C all the same, cold or forked."""
    ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)}
    monkeypatch.setattr(fork_client, "_fork_server", functools.cache(fork_client._fork_server.__wrapped__))
    try:
        processes = [begun(program, number, word="go") for number in range(2)]
    finally:
        for number, handler in ignored.items():
            signal.signal(number, handler)
    assert [process.wait(60) for process in processes] == [7, 7]
    assert "default_int_handler" in told(program, 0)
    assert told(program, 0) == told(program, 1)


def test_a_forked_process_ends_by_signals(program: Path) -> None:
    """Waiting for it has an end, a signal reaches it, its code tells of it, and what has ended is sent nothing."""
    begun(program, 0, word="go").wait(60)
    fork_client._started.add((str(program), "wait"))
    forked = begun(program, 1, word="wait")
    with pytest.raises(subprocess.TimeoutExpired):
        forked.wait(0.1)
    forked.send_signal(signal.SIGKILL)
    assert forked.wait(60) == -signal.SIGKILL
    forked.kill()
    assert Path(f"/proc/{forked.pid}").exists() is False


def test_a_command_says_the_same_from_either(tmp_path: Path) -> None:
    """What goes wrong is told and counted alike, whether it is the first of its kind or not."""
    first, second = (command("check", "--config", str(tmp_path / "none.yaml")) for _ in range(2))
    assert vars(first) == vars(second)
    assert first.returncode == 2
    assert "none.yaml" in first.stderr
