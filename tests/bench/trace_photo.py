"""Trace one photo through a daemon: files, classes, functions, returns, ledger questions, writes and SQL statements.

Run it with ``PYTHONPATH=daemon:tests python -m bench.trace_photo [--stays]``. A whole service (``keep_serving``) runs
in this process, with the default configuration and without webhooks. The sandbox runs in another process. One small
JPEG is renamed into a watched folder. The trace begins at the rename and ends 0.5 s after the cutout is in place.
Therefore looks of stages that find nothing afterwards count too.

The counting rules:

- A call is a "call" event of ``sys.setprofile`` in a file below ``daemon/cutoutd``, in any thread.
- A coroutine or a generator counts once, when it begins, and not again when it is resumed.
- The calls of all threads make one list, in the order of time.
- A stay is an unbroken run of calls within one file. A return is a stay in a file that was left before.
- A class is the class that encloses a called function by its qualified name.
- Log records (``core/logs``) and column types (``ledger/schema/column_types.py``) are left out.
- Periodic loops that run without any photo too are left out by name: see ``BACKGROUND_LOOPS``.
- The check of mounts is such a loop too (``FolderWatcher._poll_mounts``).
- A question is a call of ``Ledger.query``. A write is a job of ``GroupCommitter.write``.
- A statement is a statement that SQLite reports to its trace callback. BEGIN, COMMIT and SAVEPOINT count apart.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import yaml
from sqlalchemy import Engine, event

import cutoutd
from cutoutd.app.reload import Reloader
from cutoutd.app.service import keep_serving
from cutoutd.config.loader import load
from cutoutd.ledger import Ledger
from cutoutd.ledger.group_commit import GroupCommitter
from cutoutd.monitoring.notifier import Notifier
from cutoutd.monitoring.probes import Probes
from cutoutd.monitoring.systemd_notify import SystemdNotifier
from cutoutd.monitoring.watchdog import Watchdog
from cutoutd.pipeline.completion.webhook_monitor import WebhookMonitor
from cutoutd.pipeline.maintenance.clock_changes import ClockMonitor
from cutoutd.pipeline.maintenance.remote_cleanup import RemoteCleaner
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner
from cutoutd.pipeline.maintenance.result_retention import ResultKeeper
from cutoutd.pipeline.on_success import OnSuccessWorker
from cutoutd.pipeline.scheduling.release_held import HeldReleaser
from cutoutd.status.live_state_writer import LiveStateWriter
from cutoutd.watch.folder import FolderWatcher
from support.images.drawn_photos import jpeg
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess

BACKGROUND_LOOPS = (
    *(ClockMonitor, HeldReleaser, LiveStateWriter, Notifier, OnSuccessWorker, Probes, RemoteCleaner),
    *(RemovedSourceCleaner, ResultKeeper, Watchdog, WebhookMonitor),
)

_LEFT_OUT = ("core/logs/", "ledger/schema/column_types.py", "sandbox/")
_CODE = f"{Path(cutoutd.__file__).parent}{os.sep}"
_SETTLE_S = 0.5
_QUIET_S = 0.9
_PATIENCE_S = 30.0


@dataclass
class Trace:
    """The calls and statements while ``is_recording`` is set."""

    is_recording: bool = False
    seen: int = 0  #: calls so far, recorded or not
    calls: list[tuple[bool, str, str]] = field(default_factory=list)  #: in the event loop's thread? file, function
    counts: Counter[str] = field(default_factory=Counter)
    statements: list[str] = field(default_factory=list)

    def profile(self, frame: FrameType, happened: str, _argument: object) -> None:
        """Note one call."""
        if happened != "call":
            return
        code = frame.f_code
        if code.co_code[frame.f_lasti + 1]:  # the argument of RESUME: 0 where a function begins
            return
        if not code.co_filename.startswith(_CODE):
            return
        self.seen += 1
        if self.is_recording and not (file := code.co_filename[len(_CODE) :]).startswith(_LEFT_OUT):
            self.calls.append((threading.current_thread() is threading.main_thread(), file, code.co_qualname))

    def note_statement(self, statement: str) -> None:
        """Note one SQL statement; SQLite reports the statements of triggers as comments."""
        if self.is_recording and not statement.startswith("--"):
            kind = statement.split(maxsplit=1)[0].rstrip(";").upper()
            is_frame = kind in {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}
            self.counts["BEGIN, COMMIT, SAVEPOINT" if is_frame else "SQL statements"] += 1
            self.statements.append(statement)

    def count_calls_of(self, owner: type, name: str, what: str) -> None:
        """Count how often a method is called."""
        method = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the method's own
            self.counts[what] += self.is_recording
            return method(*args, **kwargs)

        setattr(owner, name, counting)

    def stays(self, *, is_all: bool = True) -> list[str]:
        """The files in the order in which they were entered, of all threads or of the event loop's alone."""
        files = [file for is_main, file, _ in self.calls if is_all or is_main]
        return [file for number, file in enumerate(files) if number == 0 or file != files[number - 1]]

    def table(self) -> dict[str, int]:
        """Return the counts by their name."""
        functions = {(file, name) for _, file, name in self.calls}
        classes = {(file, owner) for file, name in functions if (owner := _class_of(name))}
        stays, own = self.stays(), self.stays(is_all=False)
        return {
            "calls": len(self.calls),
            "functions": len(functions),
            "files": len(set(stays)),
            "classes": len(classes),
            "returns to a file left before": len(stays) - len(set(stays)),
            "files, event loop's thread alone": len(set(own)),
            "returns, event loop's thread alone": len(own) - len(set(own)),
            **{what: self.counts[what] for what in ("ledger questions", "ledger writes")},
            **{what: self.counts[what] for what in ("SQL statements", "BEGIN, COMMIT, SAVEPOINT")},
        }


def _class_of(qualified_name: str) -> str | None:
    owner = qualified_name.partition(".")[0]
    return owner if "." in qualified_name and owner.lstrip("_")[:1].isupper() else None


async def _never() -> None:
    await asyncio.Event().wait()


def watch(trace: Trace) -> None:
    """Have everything counted from now on, and leave the background loops out."""
    FolderWatcher._poll_mounts = lambda *_: _never()  # type: ignore[method-assign]  # as above
    for owner in BACKGROUND_LOOPS:
        owner.run = lambda *_: _never()  # type: ignore[attr-defined, method-assign]  # that is what leaving out means
    trace.count_calls_of(Ledger, "query", "ledger questions")
    trace.count_calls_of(GroupCommitter, "write", "ledger writes")

    @event.listens_for(Engine, "connect")
    def listen(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(trace.note_statement)

    threading.setprofile(trace.profile)
    sys.setprofile(trace.profile)


async def trace_one(trace: Trace, place: Path, url: str) -> None:
    """Serve, drop one photo, and stop when it is published."""
    config, photo, cutout = place / "config.yaml", place / "a.jpg", place / "out" / "a.png"
    photo.write_bytes(jpeg())
    (place / "in").mkdir()
    bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), url)
    folder = {"name": "products", "input": str(place / "in"), "output": str(place / "out")}
    account = {"public_key": PUBLIC_KEY, **bases}
    listen = str(place / "web.sock")
    document = {"uploadcare": account, "state_dir": str(place / "state"), "folders": [folder]}
    config.write_text(yaml.safe_dump(document | {"web": {"listen": "127.0.0.1:0"}, "control_socket": listen}))
    stop = asyncio.Event()
    reloader = Reloader(load(config, {"UPLOADCARE_SECRET_KEY": SECRET_KEY}))
    serving = asyncio.create_task(keep_serving(reloader, stop, SystemdNotifier()))
    await _quiet(trace)  # the first scan is over, and every stage has looked
    trace.is_recording = True
    photo.rename(place / "in" / "a.jpg")
    await _until(cutout.exists)
    await asyncio.sleep(_SETTLE_S)
    trace.is_recording = False
    stop.set()
    await serving


async def _quiet(trace: Trace) -> None:
    seen = -1
    while trace.seen != seen:
        seen = trace.seen
        await asyncio.sleep(_QUIET_S)


async def _until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline_s:
            raise TimeoutError("the photo was not published")
        await asyncio.sleep(0.01)


def main() -> None:
    """Trace one photo and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stays", action="store_true", help="print every stay and every statement as well")
    options = parser.parse_args()
    trace = Trace()
    watch(trace)
    options_of_sandbox = ("--engine", "border", "--processing-time", "0.5")
    with tempfile.TemporaryDirectory() as place, SandboxProcess(Path(place) / "s", *options_of_sandbox) as sandbox:
        asyncio.run(trace_one(trace, Path(place), sandbox.url))
    sys.setprofile(None)
    lines = [f"{number:6,}  {what}" for what, number in trace.table().items()]
    if options.stays:
        calls = [f"{' ' if is_main else 'T'} {file}: {name}" for is_main, file, name in trace.calls]
        lines = [*calls, *(" ".join(statement.split()) for statement in trace.statements), *lines]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
