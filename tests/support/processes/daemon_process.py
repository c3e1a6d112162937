"""The daemon as a real process, in a place of its own: configuration, input and output tree, state folder.

Tests wait for what the daemon says, line by line, or for what it leaves on disk; ``eventually`` is the one place that
polls, for what raises no event.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import yaml

from cutoutd.core.photo import Photo
from cutoutd.ledger import read_ledger
from support.ledgers import versions_of
from support.processes import fork_client
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY

T = TypeVar("T")
_HERE = Path(__file__).parent
Sections = Mapping[str, object]

#: Far longer than anything takes on a busy machine with two cores; reached only by a test that fails.
PATIENCE_S = 90.0

#: Short delays, so that tests are about order and not about time.
_BRISK = {"rescan_interval": "1s", "stability_delay": "300ms"}


def eventually(question: Callable[[], T], *, within_s: float = PATIENCE_S) -> T:
    """The question's answer as soon as it is truthy; raises TimeoutError when it never is."""
    deadline_s = time.monotonic() + within_s
    while not (answer := question()):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"still {answer!r} after {within_s:.0f} s")
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Line:
    """Something the daemon said; ``action`` is empty for what is no line of its log."""

    action: str
    path: str
    message: str
    level: str = ""


class DaemonProcess:
    """A running command whose log is read as it is written; a context manager that kills what is left at the end.

    Args:
        arguments: Of ``cutoutd``.
        folder: Where it runs; null is here.
        ahead_s: How far its clock is ahead of this machine's.
        is_hurried: Whether its patience is cut to a second, as ``short_timeouts_main`` says.
        is_cold: Whether it is started as by a person, for a look at the process from outside.
    """

    def __init__(
        self,
        *arguments: str,
        folder: Path | None = None,
        ahead_s: float = 0.0,
        is_hurried: bool = False,
        is_cold: bool = False,
    ) -> None:
        program = [str(_HERE / "clock_ahead_main.py"), str(ahead_s)] if ahead_s else ["-m", "cutoutd"]
        if is_hurried:
            program = [str(_HERE / "short_timeouts_main.py")]
        reading, writing = os.pipe()
        self._said = os.fdopen(reading, "rb")
        with os.fdopen(writing, "wb") as stream:
            streams = (stream, stream)
            self._process: fork_client.Process = (
                fork_client.start_cold([*program, *arguments], folder=folder, streams=streams)
                if is_cold
                else fork_client.start(program, arguments, folder=folder, streams=streams)
            )
        self._lines: list[Line] = []
        self._raw: list[str] = []
        self._has_ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if kind is not None:
            sys.stdout.write(self.output)

    @property
    def pid(self) -> int:
        """The process to look at."""
        return self._process.pid

    @property
    def lines(self) -> list[Line]:
        """What it said until now."""
        with self._news:
            return list(self._lines)

    @property
    def output(self) -> str:
        """What it wrote until now, as it stood."""
        with self._news:
            return "".join(self._raw)

    def count(self, action: str) -> int:
        """How many lines of this kind it wrote."""
        return sum(line.action == action for line in self.lines)

    def wait_for(self, action: str, *paths: str, within_s: float = PATIENCE_S) -> None:
        """Return when it has said this about each of the paths, or about anything if none is given."""
        self.wait_until(lambda lines: _has_said(lines, action, paths), within_s=within_s)

    def wait_until(self, is_enough: Callable[[list[Line]], bool], *, within_s: float = PATIENCE_S) -> None:
        """Return when what it said satisfies the question; asked again at every line."""
        with self._news:
            self._news.wait_for(lambda: is_enough(self._lines) or self._has_ended, within_s)
            assert is_enough(self._lines), "it never said so:\n" + "".join(self._raw)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """Its exit code, once it has ended and all it wrote is read."""
        code = self._process.wait(within_s)
        self._reader.join(within_s)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it in order; its exit code."""
        self.send(number)
        return self.wait()

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()
        self.wait()
        self._said.close()

    def _read(self) -> None:
        for raw in self._said:
            text = raw.decode()
            with self._news:
                self._raw.append(text)
                self._lines.append(_line(text))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()


class Place:
    """One installation; ``configure`` writes its configuration anew.

    Args:
        home: Where everything lies.
        url: The sandbox.
    """

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.input = home / "in"
        self.output = home / "out"
        self.state = home / "state"
        self.config = home / "config.yaml"
        self._secret = home / "secret-key"
        self._url = url
        self.input.mkdir(parents=True)
        self._secret.touch(mode=0o600)
        self.write_secret(SECRET_KEY)
        self.configure()

    def configure(
        self, *, folder: Sections | None = None, uploadcare: Sections | None = None, **sections: object
    ) -> None:
        """Write the usual configuration with these changes; ``folder`` and ``uploadcare`` are merged key by key."""
        bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), self._url)
        keys = {"public_key": PUBLIC_KEY, "secret_key_file": str(self._secret)}
        trees = {"name": "shop", "input": str(self.input), "output": str(self.output)}
        written = {
            "uploadcare": {**keys, **bases, "remote_cleanup": "keep", **(uploadcare or {})},
            "state_dir": str(self.state),
            "folders": [{**trees, **(folder or {})}],
            "watch": _BRISK,
            "web": {"listen": None},
            "log": {"format": "json"},
            **sections,
        }
        self.config.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")

    def add_folder(self, name: str, source: Path, cutouts: Path) -> None:
        """Put another folder into the configuration that is written."""
        written = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        written["folders"].append({"name": name, "input": str(source), "output": str(cutouts)})
        self.config.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")

    def write_secret(self, secret: str) -> None:
        """Make this the secret key."""
        self._secret.write_text(f"{secret}\n")

    def start(self, *options: str, ahead_s: float = 0.0) -> DaemonProcess:
        """Start ``cutoutd run``; with ``--once`` it ends by itself."""
        return DaemonProcess("run", "--config", str(self.config), *options, ahead_s=ahead_s)

    def hurry(self, *options: str) -> DaemonProcess:
        """Start ``cutoutd run`` with little patience."""
        return DaemonProcess("run", "--config", str(self.config), *options, is_hurried=True)

    def start_cold(self) -> DaemonProcess:
        """Start ``cutoutd run`` as a person would, for a look at the process from outside."""
        return DaemonProcess("run", "--config", str(self.config), is_cold=True)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with this configuration to its end."""
        return command(*arguments, "--config", str(self.config))

    def run_once(self) -> subprocess.CompletedProcess[str]:
        """Work off what is there."""
        return self.command("run", "--once")

    def status(self) -> dict[str, Any]:
        """``status --json``."""
        answer = self.command("status", "--json")
        assert answer.returncode == 0, answer.stderr
        status: dict[str, Any] = json.loads(answer.stdout)
        return status

    def versions(self, path: str) -> list[Photo]:
        """What the ledger knows of a photo's path, oldest version first."""
        with read_ledger(self.state) as ledger:
            return versions_of(ledger, path)

    def note(self, path: str) -> str:
        """What the note about a photo says."""
        return (self.output / f"{path}.failed.txt").read_text(encoding="utf-8")

    def outputs(self) -> list[str]:
        """Every file of the output tree, temporary ones included."""
        return sorted(str(file.relative_to(self.output)) for file in self.output.rglob("*") if file.is_file())

    def cutouts(self) -> list[str]:
        """Those that are in place: what to wait for, since a temporary one counts as a file too."""
        return [path for path in self.outputs() if path.endswith(".png") and not Path(path).name.startswith(".")]


def command(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of cutoutd's to its end."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = fork_client.start(["-m", "cutoutd"], arguments, folder=folder, streams=(stdout, stderr))
        try:
            code = process.wait(4 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE_S)
            raise
        told = [_text(stream) for stream in (stdout, stderr)]
    return subprocess.CompletedProcess(["cutoutd", *arguments], code, *told)


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode()


def _line(text: str) -> Line:
    try:
        said = json.loads(text)
        return Line(said["action"], said.get("path", ""), said["message"], said["level"])
    except (ValueError, TypeError, KeyError):
        return Line("", "", text.rstrip("\n"))


def _has_said(lines: list[Line], action: str, paths: tuple[str, ...]) -> bool:
    said = {line.path for line in lines if line.action == action}
    return said.issuperset(paths) if paths else bool(said)
