"""A program under measurement: its own process, its output in a file, its CPU and memory as the kernel counts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from support.processes.fork_client import ENVIRONMENT

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY_S = 0.02


class Program:
    """A started program; a context manager that kills what is left at the end.

    Args:
        arguments: of this interpreter.
        log: where its output goes.
    """

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            command = [sys.executable, *arguments]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, env=ENVIRONMENT
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    @property
    def pid(self) -> int:
        """The process to look at."""
        return self._process.pid

    def wait_until_said(self, text: str, within_s: float) -> None:
        """Return when its output holds this."""
        self.wait_until(lambda: text in self.log.read_text(errors="replace"), within_s)

    def wait_until(self, is_reached: Callable[[], bool], within_s: float) -> None:
        """Return when this is so; RuntimeError when it ends before, TimeoutError when it takes too long."""
        deadline_s = time.monotonic() + within_s
        while not is_reached():
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended with {self._process.returncode}:\n{self._last_words}")
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"not within {within_s:.0f} s:\n{self._last_words}")
            time.sleep(_LOOK_EVERY_S)

    def go(self) -> None:
        """Give it the line that it waits for."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def wait_until_over(self, within_s: float) -> None:
        """Return when it has ended by itself, well."""
        if (code := self._process.wait(within_s)) != 0:
            raise RuntimeError(f"it ended with {code}:\n{self._last_words}")

    def stop(self) -> float:
        """End it in order; the seconds of CPU that it used in its whole life."""
        self._process.send_signal(signal.SIGTERM)
        _, status, used = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime

    @property
    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process used until now, all its threads together, in user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """Megabytes of memory that a process holds at this moment."""
    return _status_kb(pid, "VmRSS") / 1000


def most_resident_mb(pid: int) -> float:
    """The most it ever held."""
    return _status_kb(pid, "VmHWM") / 1000


def _status_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
