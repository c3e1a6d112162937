"""A command on a terminal of its own: what it draws is read as it comes, and keys can be pressed."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from support.processes.daemon_process import PATIENCE_S
from support.processes.fork_client import ENVIRONMENT
from support.processes.signals import reset_signals

CTRL_C = b"\x03"

_CONTROLS = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9])")


class Terminal:
    """A command that runs on a pseudo-terminal of 120 columns; killed at the end of the block.

    Args:
        arguments: Of ``cutoutd``.
    """

    def __init__(self, *arguments: str) -> None:
        self._near, far = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cutoutd", *arguments],
            stdin=far,
            stdout=far,
            stderr=far,
            env={**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "50"},
            preexec_fn=_take_terminal,  # noqa: PLW1509  Ctrl-C reaches only who has a terminal of its own
            start_new_session=True,
        )
        os.close(far)
        self._raw = b""
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._near)

    @property
    def raw(self) -> str:
        """All that was written until now, with what controls the terminal."""
        with self._news:
            return self._raw.decode(errors="replace")

    @property
    def text(self) -> str:
        """All that was written until now, without that."""
        return _CONTROLS.sub("", self.raw)

    def wait_for(self, pattern: str, *, after: int = 0) -> int:
        """Return once this was written behind that many characters of ``text``: where it ends."""
        with self._news:
            self._news.wait_for(lambda: self._found(pattern, after) is not None, PATIENCE_S)
            found = self._found(pattern, after)
        assert found is not None, f"{pattern} never came:\n{self.text[after:]}"
        return found

    def press(self, key: bytes) -> None:
        """A person presses a key."""
        os.write(self._near, key)

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """How it ended."""
        code = self._process.wait(PATIENCE_S)
        self._reader.join()
        return code

    def _found(self, pattern: str, after: int) -> int | None:
        text = _CONTROLS.sub("", self._raw.decode(errors="replace"))
        found = re.compile(pattern).search(text, after)
        return found.end() if found else None

    def _read(self) -> None:
        while True:
            try:
                more = os.read(self._near, 65536)
            except OSError:  # the last one that had it open has left
                more = b""
            with self._news:
                self._raw += more
                self._news.notify_all()
            if not more:
                return


def _take_terminal() -> None:
    import fcntl  # noqa: PLC0415  in the child
    import termios  # noqa: PLC0415  as above

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    reset_signals()


def config_of(home: Path) -> tuple[str, str]:
    """The options that name a place's configuration."""
    return ("--config", str(home / "config.yaml"))
