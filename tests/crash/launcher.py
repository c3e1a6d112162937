"""Runs cutoutd in a process of its own, watched at every point and killed at one of them.

A process here is forked from one that has imported everything already: an import takes a second, and hundreds of
processes are started. What runs in it is cutoutd's own ``main``, with nothing patched but what ``points`` wraps, the
wait for a lost outcome, and, in the matrix, the first wait for a removal, which most of a run would be, and the
grouping of commits, whose names would otherwise depend on timing.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from unittest.mock import patch

from crash.points import Passage, watch_everything
from cutoutd import cli
from cutoutd.ledger import group_commit
from cutoutd.pipeline.completion import poll_schedule
from cutoutd.pipeline.steps.launching import recover_launch
from support.processes.fork_client import ENVIRONMENT
from support.processes.signals import reset_signals

_PATIENCE_S = 120.0

#: What multiprocessing says when the word of how a process ended was lost on its way, as it is on a busy machine.
_UNHEARD = 255

#: All that a run imports sooner or later.
_IMPORTED = (
    *(
        "anyio._backends._asyncio",
        "cutoutd.cli",
        "cutoutd.config",
        "cutoutd.cli.exit_codes",
        "cutoutd.cli.process",
        "httpcore2",
    ),
    *("PIL.JpegImagePlugin", "PIL.PngImagePlugin", "sqlalchemy.dialects.sqlite", __name__, "crash.points"),
    "crash.freeze_garbage_collector",
)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process is to do."""

    arguments: tuple[str, ...]  #: of ``cutoutd``
    home: Path  #: files elsewhere are not watched
    log: Path  #: gets all that it writes
    trace: Path  #: gets a line for each point
    fatal: str | None = None  #: the line to die at
    look_for_s: float = 180.0  #: how long a lost outcome is looked for
    is_plain: bool = False  #: commits one by one; asks soon whether a removal is finished

    @property
    def farewell(self) -> Path:
        """Gets the exit code of one that ends by itself."""
        return self.trace.with_name(f"{self.trace.name}.code")


class WatchedDaemon:
    """One process, from its start to its end."""

    def __init__(self, nursery: ForkServerContext, orders: Orders) -> None:
        self.orders = orders
        self._process: ForkServerProcess = nursery.Process(target=_carry_out, args=(orders,), daemon=True)
        self._process.start()

    def wait(self) -> int:
        """Its exit code once it has ended; -9 when it was killed. A process that never ends is killed: TimeoutError."""
        self._process.join(_PATIENCE_S)
        code = self._process.exitcode
        if code == _UNHEARD and self.orders.farewell.exists():
            return int(self.orders.farewell.read_text())
        if code is None:
            self.kill()
            raise TimeoutError(f"{' '.join(self.orders.arguments)} did not end:\n{self.output}")
        return code

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def stop(self) -> int:
        """End it in order; its exit code."""
        if self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGTERM)
        return self.wait()

    @property
    def output(self) -> str:
        """All that it wrote."""
        return self.orders.log.read_text() if self.orders.log.exists() else ""

    @property
    def passed(self) -> Sequence[str]:
        """The points it passed, in order."""
        return self.orders.trace.read_text().splitlines() if self.orders.trace.exists() else []


def open_fork_server() -> ForkServerContext:
    """Where processes are forked; it ends with this process."""
    nursery = multiprocessing.get_context("forkserver")
    nursery.set_forkserver_preload(list(_IMPORTED))
    # It starts as a program of its own, and finds modules as programs do.
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        forkserver.ensure_running()
    return nursery


def _carry_out(orders: Orders) -> None:
    reset_signals()
    _write_to(orders.log)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    os.chdir(orders.home)

    recover_launch.LOOK_FOR_S = orders.look_for_s
    if orders.is_plain:
        group_commit._MAX_GROUP = 1
        poll_schedule._FIRST_STEP_S = 0.2
    watch_everything(Passage(orders.trace, orders.home, orders.fatal))
    sys.argv = ["cutoutd", *orders.arguments]
    orders.farewell.unlink(missing_ok=True)
    try:
        cli.main()
    except SystemExit as end:
        orders.farewell.write_text(str(end.code or 0))
        raise


def _write_to(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  for the life of the process
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115  as above
