"""A sandbox as a real process, for tests that drive it over TCP.

Starts ``python -m cutoutd.sandbox`` on a free port, waits for its first line, and speaks to its control routes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

READY = "sandbox ready at "
SOURCE_ROOT = Path(__file__).parent.parent / "daemon"
PUBLIC_KEY = "sandboxpublickey"
SECRET_KEY = "sandboxsecretkey"  # noqa: S105 - the sandbox's published default
FAST = ("--engine", "border", "--processing-time", "0.05")


class SandboxProcess:
    """One sandbox; a context manager that stops it at the end.

    Args:
        state_dir: Its memory; the same folder again continues where it was.
        options: Further command line arguments, after ``FAST``: a later one wins, e.g. ``"--engine", "grabcut"``.
    """

    def __init__(self, state_dir: Path, *options: str) -> None:
        self._state_dir = state_dir
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process to look at."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, on the same port as before if it ran already; returns when it takes connections."""
        place = ("--port", str(self._port), "--state-dir", str(self._state_dir))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cutoutd.sandbox", *place, *FAST, *self._options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            self.kill()
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.url = line.removeprefix(READY).strip()
        self._port = int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self) -> None:
        """End it with SIGTERM and wait."""
        if self._process is not None:
            self._process.terminate()
            self._reap()

    def kill(self) -> None:
        """End it with SIGKILL and wait."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def restart(self, *options: str) -> None:
        """Stop and start it on the same port and state, with other options if any are given."""
        self.stop()
        self._options = options or self._options
        self.start()

    def counters(self) -> dict[str, Any]:
        """``GET /_sandbox/counters``."""
        counters = self._control("GET", "counters")
        assert isinstance(counters, dict)
        return counters

    def clear_counters(self) -> None:
        """Count from zero."""
        self._control("DELETE", "counters")

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each struck."""
        faults = self._control("GET", "faults")
        assert isinstance(faults, list)
        return faults

    def set_faults(self, *faults: Mapping[str, object]) -> None:
        """Replace the faults in force."""
        self.clear_faults()
        self.add_faults(*faults)

    def add_faults(self, *faults: Mapping[str, object]) -> None:
        """Put further faults in force."""
        self._control("POST", "faults", list(faults))

    def clear_faults(self) -> None:
        """Let everything go well."""
        self._control("DELETE", "faults")

    def move_clock(self, offset_s: float) -> None:
        """Set the sandbox's distance from real time."""
        self._control("POST", "clock", {"offset_s": offset_s})

    def _control(self, method: str, name: str, body: object = None) -> object:
        answer = httpx2.request(method, f"{self.url}_sandbox/{name}", json=body, timeout=10, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def _reap(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
