"""The points at which a daemon can be killed: both sides of every durable write and of every request.

Nothing is listed by hand: the system's calls that change files, the database's commit and the HTTP library's transport
are wrapped from outside, and each passing writes a line, such as ``before commit uploaded of a.jpg #1``. Lines leave
out what differs from run to run (UUIDs, random names) and are counted for each photo by itself, because which photo
comes first depends on timing; so a dry run's lines can be met again.
"""

import builtins
import io
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial, wraps
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import DBAPICursor

from cutoutd.core import atomic_write
from cutoutd.core.photo import Identity, Photo
from cutoutd.ledger import Ledger
from cutoutd.ledger.group_commit import GroupCommitter
from cutoutd.ledger.sqlite.transactions import Prepared, WriteTransaction
from cutoutd.pipeline.photo_pipeline import PhotoPipeline

#: All that the system has for changing a file or a folder by its path, or one that is open.
_FILE_CALLS = (
    *("chmod", "chown", "fdatasync", "fsync", "ftruncate", "lchown", "mkdir", "mkfifo", "pwrite", "remove"),
    *("removexattr", "rmdir", "sendfile", "setxattr", "truncate", "unlink", "utime", "write"),
)

#: Of their two files the second one is made.
_CALLS_WITH_TWO_FILES = ("link", "rename", "replace", "symlink")

_RANDOM_PARTS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=\.cutoutd-)[0-9a-f]{16}|(?<=\.cutoutd-swap-)[0-9a-f]{16}-[0-9a-f]{16}|(?<=\.cutoutd-aside-)[0-9]+"
)

_LINE = re.compile(r"(?P<name>.*?)(?: of (?P<photo>.*))? #(?P<number>\d+)")

#: Whose step it is; it goes along into threads.
_photo: ContextVar[str | None] = ContextVar("photo", default=None)


def name_of(line: str) -> str:
    """What is done at a point, whichever photo it is done to."""
    return _part(line, "name") or ""


def photo_of(line: str) -> str | None:
    """The path of the photo to which it is done; None for what is done for none or for all."""
    return _part(line, "photo")


def is_repeated(line: str) -> bool:
    """Whether a request or a commit had been made for this photo already: how often, time and load decide.

    So does how often is written what is no photo's. A photo's file calls depend on nothing but the photo.
    """
    is_counted_by_time = photo_of(line) is None or line.split()[1] in {"commit", "GET", "POST", "PUT", "DELETE"}
    return is_counted_by_time and _part(line, "number") != "1"


def _part(line: str, part: str) -> str | None:
    found = _LINE.fullmatch(line)
    return found[part] if found else None


class Passage:
    """Writes down which points are passed, and kills this process at one of them.

    Args:
        trace: Gets a line for each point.
        home: Files elsewhere do not count.
        fatal: The line to die at, after it is written; None lets the process live.
    """

    def __init__(self, trace: Path, home: Path, fatal: str | None) -> None:
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._home = str(home)
        self._fatal = fatal
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def through(self, name: str) -> Iterator[None]:
        """Pass a point: one line before the block, one after it unless it fails."""
        name = f"{name} of {photo}" if (photo := _photo.get()) else name
        with self._lock:
            self._numbers[name] += 1
            number = self._numbers[name]
        self._mark(f"before {name} #{number}")
        yield
        self._mark(f"after {name} #{number}")

    def name_of(self, file: object, folder: object = None) -> str | None:
        """What a file is called in a point's name; None for those that do not count.

        It may be a descriptor, or a name in a folder that one is of.
        """
        if isinstance(file, int):
            file = _readlink(f"/proc/self/fd/{file}")
        if not isinstance(file, str | os.PathLike):
            return None
        if isinstance(folder, int):
            file = os.path.join(_readlink(f"/proc/self/fd/{folder}"), file)  # noqa: PTH118  either may be no text
        path = os.path.abspath(os.fsdecode(file))  # noqa: PTH100  nothing is to be resolved
        if not path.startswith(f"{self._home}/"):
            return None
        return _RANDOM_PARTS.sub("*", path.removeprefix(f"{self._home}/"))

    def _mark(self, line: str) -> None:
        # One system call under no lock: whoever is killed here has left a whole line.
        _write(self._trace, f"{line}\n".encode())
        if line == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


_write = os.write
_readlink = os.readlink
_os_open = os.open


def watch_everything(passage: Passage) -> None:
    """Wrap all three kinds of point for the rest of this process's life."""
    _watch_photos()
    _watch_files(passage)
    _watch_commits(passage)
    _watch_requests(passage)


def _watch_photos() -> None:
    """Know whose step it is, from its discovery on and on both sides of the door to the ledger's thread."""
    advance, discover, write = PhotoPipeline.advance, Ledger.discover, GroupCommitter.write

    async def advancing(journey: PhotoPipeline, photo: Photo) -> Photo:
        with _about(photo.identity):
            return await advance(journey, photo)

    async def discovering(ledger: Ledger, identity: Identity) -> Photo | None:
        with _about(identity):
            return await discover(ledger, identity)

    async def writing(writer: GroupCommitter, work: Callable[[Connection], Any], *then: Callable[[Any], None]) -> Any:  # noqa: ANN401  as the writer's own
        photo = _photo.get()

        def work_about_it(connection: Connection) -> Any:  # noqa: ANN401  as above
            _photo.set(photo)
            return work(connection)

        return await write(writer, work_about_it, *then)

    PhotoPipeline.advance, Ledger.discover, GroupCommitter.write = advancing, discovering, writing  # type: ignore[method-assign]  # that is what a watch is


@contextmanager
def _about(identity: Identity) -> Iterator[None]:
    before = _photo.set(identity.path)
    try:
        yield
    finally:
        _photo.reset(before)


def _watch_files(passage: Passage) -> None:
    for name in (*_FILE_CALLS, *_CALLS_WITH_TWO_FILES):
        setattr(os, name, _watched_call(passage, name, getattr(os, name)))
    renaming = _watched_call(passage, "rename", atomic_write.rename_to_free_name)
    atomic_write.rename_to_free_name = renaming  # type: ignore[attr-defined]  # no call of ``os``
    os.open = wraps(_os_open)(partial(_open_descriptor, passage))
    opening = partial(_open_file, passage, io.open)
    io.open = builtins.open = opening


def _watched_call(passage: Passage, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def watched(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the system's calls take and return all sorts
        is_pair = name in _CALLS_WITH_TWO_FILES
        file = passage.name_of(args[1 if is_pair else 0], kwargs.get("dst_dir_fd" if is_pair else "dir_fd"))
        if file is None:
            return call(*args, **kwargs)
        with passage.through(f"{name} {file}"):
            return call(*args, **kwargs)

    return watched


def _open_descriptor(passage: Passage, path: Any, flags: int, *args: Any, **kwargs: Any) -> int:  # noqa: ANN401  as above
    file = passage.name_of(path, kwargs.get("dir_fd"))
    if file is None or not flags & (os.O_CREAT | os.O_TRUNC):
        return _os_open(path, flags, *args, **kwargs)
    with passage.through(f"open {file}"):
        return _os_open(path, flags, *args, **kwargs)


class _WatchedFile(io.FileIO):
    """A file whose writes, as they reach the system, are points."""

    def __init__(self, passage: Passage, name: str, file: Any, mode: str) -> None:  # noqa: ANN401  as open takes it
        self._passage = passage
        self._point = f"write {name}"
        super().__init__(file, mode)

    def write(self, data: Any, /) -> int:  # noqa: ANN401  any buffer
        with self._passage.through(self._point):
            return super().write(data)


# As ``open``: after the mode come buffering, encoding, errors and newline.
def _open_file(passage: Passage, real: Callable[..., Any], file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:  # noqa: ANN401  as above
    name = passage.name_of(file)
    if name is None or not set(mode) & set("wxa+"):
        return real(file, mode, *rest, **named)
    with passage.through(f"open {name}"):
        raw = _WatchedFile(passage, name, file, mode.replace("b", "").replace("t", ""))
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    if "b" in mode:
        return buffered
    named.pop("buffering", None)
    return io.TextIOWrapper(buffered, *rest[1:], **named)


def _watch_commits(passage: Passage) -> None:
    """A commit is named for the facts in it, or, if there are none, for the tables and columns that it changes."""
    told = threading.local()  # a transaction is one thread's

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:  # noqa: ANN401, FBT001  SQLAlchemy's signature
        if context is not None and (context.isinsert or context.isupdate or context.isdelete):
            told.changes = [*getattr(told, "changes", []), _change(context)]

    run = WriteTransaction.run

    def noted(transaction: WriteTransaction, prepared: Prepared, values: Mapping[str, Any]) -> DBAPICursor:
        told.changes = [*getattr(told, "changes", []), _prepared_change(prepared, values)]
        return run(transaction, prepared, values)

    WriteTransaction.run = noted  # type: ignore[method-assign]  # as below

    commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

    def watched(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401  the driver's
        changes, told.changes = getattr(told, "changes", []), []
        facts = [fact for table, fact in changes if table == "events"]
        # Operations ride along with whichever commit comes next, which depends on timing.
        passengers = [change for change in changes if change[0] == "operations"]
        carried = [change for change in changes if change not in passengers] or passengers
        names = facts or sorted({f"{table}({columns})" for table, columns in carried})
        with passage.through(f"commit {' and '.join(names)}") if names else nullcontext():
            commit(dialect, connection)
        _photo.set(None)  # the ledger's thread is done with it

    rollback: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_rollback

    def forgetting(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401  the driver's
        told.changes = []
        rollback(dialect, connection)

    DefaultDialect.do_commit, DefaultDialect.do_rollback = watched, forgetting  # type: ignore[method-assign]  # that is what a watch is


def _change(context: Any) -> tuple[str, str]:  # noqa: ANN401  SQLAlchemy types it loosely
    table, values = context.compiled.statement.table.name, context.compiled_parameters[0]
    columns = [column.name for column in context.compiled.statement.table.columns if column.name in values]
    return table, values["to_state"] if table == "events" else ",".join(columns)


def _prepared_change(prepared: Prepared, values: Mapping[str, Any]) -> tuple[str, str]:
    table, names = prepared.statement.table, {*values, *prepared.statement.compile().params}  # type: ignore[union-attr]
    columns = [column.name for column in table.columns if column.name in names]
    return table.name, values["to_state"] if table.name == "events" else ",".join(columns)


def _watch_requests(passage: Passage) -> None:
    send = httpx2.AsyncHTTPTransport.handle_async_request

    async def watched(transport: httpx2.AsyncHTTPTransport, request: httpx2.Request) -> httpx2.Response:
        with passage.through(f"{request.method} {_RANDOM_PARTS.sub('*', request.url.path)}"):
            return await send(transport, request)

    httpx2.AsyncHTTPTransport.handle_async_request = watched  # type: ignore[method-assign, assignment]  # as above
