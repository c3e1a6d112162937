"""How processes of cutoutd begin: from a cold start, or forked where everything is imported already.

The first time that this process needs a command it is started cold, as by a person, so that what each command imports
is imported in earnest, too; what is looked at from outside (``cmdline``) is as well.
"""

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from support.processes.sandbox_process import SOURCE_ROOT
from support.processes.signals import reset_signals

_PROGRAM = Path(__file__).parent / "fork_server.py"

#: This process's, without what would reach past the configuration; a warning in the daemon is an error, as here. What
#: is compiled is kept, as where it is installed.
ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UPLOADCARE_", "CUTOUTD_", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"))
        and not name.lower().endswith("_proxy")
        and name != "PYTHONDONTWRITEBYTECODE"
    },
    "PYTHONPATH": str(SOURCE_ROOT),
    "PYTHONWARNINGS": "error",
}

_starting = threading.Lock()
_started: set[tuple[str, str]] = set()


class Process(Protocol):
    """What is used of ``subprocess.Popen``."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float) -> int:
        """Its exit code; negative is a signal's number. subprocess.TimeoutExpired when it still runs by then."""

    def send_signal(self, number: int, /) -> None:
        """Nothing is sent to one that has ended."""

    def kill(self) -> None:
        """SIGKILL."""


class ForkedProcess:
    """A process of the server's."""

    def __init__(self, reply: socket.socket) -> None:
        self._reply = reply
        self._heard = b""
        self._code: int | None = None
        self._lock = threading.Lock()
        self.pid = int(self._line(None))

    def wait(self, timeout: float) -> int:
        """As a ``Process``."""
        with self._lock:
            if self._code is None:
                try:
                    self._code = int(self._line(timeout))
                except TimeoutError:
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout) from None
                self._reply.close()
            return self._code

    def send_signal(self, number: int, /) -> None:
        """As a ``Process``."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
            return
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a ``Process``."""
        self.send_signal(signal.SIGKILL)

    def _line(self, within_s: float | None) -> bytes:
        """The next thing that the minder says."""
        self._reply.settimeout(within_s)
        while b"\n" not in self._heard:
            try:
                news = self._reply.recv(100)
            except BlockingIOError:
                raise TimeoutError from None
            if not news:
                raise RuntimeError("the server was ended from outside")
            self._heard += news
        line, _, self._heard = self._heard.partition(b"\n")
        return line


def start(
    program: Sequence[str], arguments: Sequence[str], *, folder: Path | None, streams: tuple[BinaryIO, BinaryIO]
) -> Process:
    """Start a program of cutoutd's, cold when it is the first with this command.

    Args:
        program: ``-m`` and a module, or a file and its own arguments.
        arguments: Of ``cutoutd``, the command first.
        folder: Where it runs; null is here.
        streams: Its standard output and error.
    """
    kind = (program[0], arguments[0])
    with _starting:
        is_first = kind not in _started
        _started.add(kind)
        if is_first:
            return start_cold([*program, *arguments], folder=folder, streams=streams)
        server = _fork_server()
    file, *own = program[1:] if program[0] == "-m" else program
    order = {
        "program": file,
        "arguments": [*own, *arguments],
        "folder": str(folder or Path.cwd()),
        "environment": ENVIRONMENT,
    }
    return server.fork(order, streams)


def start_cold(words: Sequence[str], *, folder: Path | None, streams: tuple[BinaryIO, BinaryIO]) -> Process:
    """Start an interpreter of its own."""
    stdout, stderr = streams
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        stdout=stdout,
        stderr=stderr,
        env=ENVIRONMENT,
        preexec_fn=reset_signals,  # noqa: PLW1509  only so does a child forget what this process ignores
    )


class _ForkServer:
    """Ends when this process does, or has nothing more to order."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        atexit.register(self._close)

    def fork(self, order: Mapping[str, object], streams: tuple[BinaryIO, BinaryIO]) -> ForkedProcess:
        """Have a process forked."""
        reply, theirs = socket.socketpair()
        with theirs:
            sent = [*(stream.fileno() for stream in streams), theirs.fileno()]
            socket.send_fds(self._orders, [json.dumps(order).encode()], sent)
        return ForkedProcess(reply)

    def _close(self) -> None:
        self._orders.close()
        self._process.wait()


@functools.cache
def _fork_server() -> _ForkServer:
    return _ForkServer(ENVIRONMENT)
