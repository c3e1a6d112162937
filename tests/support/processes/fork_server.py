"""The program that forks processes of cutoutd: ``python fork_server.py DESCRIPTOR``. It has imported everything.

An import takes most of a second of a core, and the suite starts a thousand processes. Each of them is a process like
any other, with its own number, standard streams, environment and end, and runs ``cutoutd`` from its ``__main__`` on.
``fork_client`` is the other end of the descriptor.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from dataclasses import dataclass

from signals import reset_signals

import cutoutd

_LONGEST_ORDER_BYTES = 200_000

#: All that a run imports sooner or later beside cutoutd's own modules.
_OTHERS = (
    *("anyio._backends._asyncio", "httpcore2", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.WebPImagePlugin"),
    *("pyuploadcare.api.auth", "sqlalchemy.dialects.sqlite", "uvicorn.protocols.http.h11_impl", "watchdog.observers"),
)

#: A program of its own, and what is never imported but run.
_APART = ("cutoutd.sandbox", "cutoutd.__main__")


@dataclass(frozen=True, slots=True)
class Command:
    """What a process is to do."""

    program: str  #: a file, or the name of a module that is a program
    arguments: tuple[str, ...]
    folder: str
    environment: dict[str, str]


def main(descriptor: int) -> None:
    """Fork a process for each order, until nobody is there to give one."""
    _import_everything()
    # What is there by now is not looked at by the garbage collectors of processes: pages looked at are copied.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as orders:
        while True:
            told, streams, _, _ = socket.recv_fds(orders, _LONGEST_ORDER_BYTES, 3)
            if not told:
                _reap()
                return
            if os.fork() == 0:
                orders.close()
                _mind(Command(**json.loads(told)), *streams)
                return  # as the process that was ordered, done: the interpreter ends
            for stream in streams:
                os.close(stream)
            _reap()


def _reap() -> None:
    """Minders that are done: what they used counts as this process's then."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _mind(order: Command, stdout: int, stderr: int, reply: int) -> None:
    """Tell the number of the ordered process and how it ended; in that process itself, do what it is to do."""
    if pid := os.fork():
        os.close(stdout)
        os.close(stderr)
        os.write(reply, f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(reply, f"{code}\n".encode())
        os._exit(0)
    os.close(reply)
    reset_signals()
    for stream, standard in ((stdout, 1), (stderr, 2)):
        os.dup2(stream, standard)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order.environment)
    time.tzset()
    os.chdir(order.folder)
    sys.argv = [order.program, *order.arguments]
    if order.program.endswith(".py"):
        runpy.run_path(order.program, run_name="__main__")
    else:
        runpy.run_module(order.program, run_name="__main__", alter_sys=True)


def _import_everything() -> None:
    for module in pkgutil.walk_packages(cutoutd.__path__, "cutoutd.", onerror=None):
        if not module.name.startswith(_APART):
            importlib.import_module(module.name)
    for name in _OTHERS:
        importlib.import_module(name)


if __name__ == "__main__":
    main(int(sys.argv[1]))
