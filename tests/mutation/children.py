"""Forked children of a process that has imported and collected everything, and the lines that they tell."""

import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

Tell = Callable[[str], None]

#: A mutant may ask for any amount of memory.
_MOST_BYTES = 8 << 30


def forked(work: Callable[[], None]) -> int:
    """Do this work in a child; return its process id."""
    child = os.fork()
    if child == 0:
        _end_after(work)
    return child


def lines_from(work: Callable[[Tell], None], limit_s: Callable[[str], float]) -> Iterator[str]:
    """Yield the lines that this work tells in a child, which ends with all its own children.

    `limit_s` returns the longest time from a line to the next one.

    Raises:
        TimeoutError: no line came in time.
    """
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp(prefix="mutant-")
    child = os.fork()
    if child == 0:
        os.close(reading)
        _end_after(lambda: _work_alone(work, folder, writing))
    os.close(writing)
    try:
        yield from _read_lines(reading, limit_s)
    finally:
        os.close(reading)
        _end_group(child)
        shutil.rmtree(folder, ignore_errors=True)


def _work_alone(work: Callable[[Tell], None], folder: str, writing: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    tempfile.tempdir = os.environ["TMPDIR"] = folder

    def tell(line: str) -> None:
        os.write(writing, f"{line}\n".encode())

    work(tell)


def _read_lines(reading: int, limit_s: Callable[[str], float]) -> Iterator[str]:
    rest, line = b"", ""
    while True:
        if not select.select([reading], [], [], limit_s(line))[0]:
            raise TimeoutError(line)
        piece = os.read(reading, 1 << 16)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        for told in lines:
            line = told.decode()
            yield line


def _end_group(child: int) -> None:
    for end in (os.killpg, os.kill):  # its group is there only after its first steps
        with suppress(ProcessLookupError):
            end(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _end_after(work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  nothing may return into the parent's frames
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)
