"""Where a measurement is played: a sandbox in its own process, trees beside it, photos that are dropped at once.

Two services: the realistic one, with times as a client of Uploadcare meets them, and the instant one, in which only
the client's own work is left.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.program import Program
from bench.stock import Stock
from bench.verdict import require_sound
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

#: Uploads answered after 0.3 s, removals of 4 s (log-normal), 500 launches a minute from a bucket of 10.
UPLOAD_S = 0.3
LAUNCHES_PER_MINUTE = 500
LAUNCH_BURST = 10
MEDIAN_S = 4.0
SIGMA = 0.25


def realistic(sigma: float = SIGMA) -> tuple[str, ...]:
    """The options of a sandbox that takes its time."""
    limit = ("--launch-limit", str(LAUNCHES_PER_MINUTE), "--launch-burst", str(LAUNCH_BURST))
    time = ("--processing-time", f"lognormal:{MEDIAN_S}:{sigma}")
    return (*limit, *time, "--fault", f"late_answer={UPLOAD_S},on=upload")


#: The options of a sandbox that answers as fast as it can.
INSTANT = ("--processing-time", "0")


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests to the sandbox, refused ones included."""

    polls: int
    launches: int


@dataclass(frozen=True, slots=True)
class Removed:
    """One removal as the sandbox carried it out, Unix times."""

    launched_s: float
    done_s: float
    original_name: str


class Stage:
    """One sandbox and one place."""

    def __init__(self, home: Path, stock: Stock, sandbox: SandboxProcess) -> None:
        self.home = home
        self.stock = stock
        self.sandbox = sandbox
        self.place = Place(home / "place", sandbox.url)
        self._sandbox_state = home / "sandbox"
        self.staging = home / "staging"
        self.staging.mkdir()

    def configure(self, **sections: object) -> None:
        """Everything at its default but what is given here; nothing is limited, and no batch waits for approval."""
        defaults: dict[str, object] = {
            "watch": {},
            "uploadcare": {"remote_cleanup": "delete"},
            "limits": {"confirm_over": None},
        }
        self.place.configure(**(defaults | sections))  # type: ignore[arg-type]  # the sections of a configuration

    def start_daemon(self, *options: str) -> Program:
        """``cutoutd run``, watching when this returns."""
        daemon = Program(
            ("-m", "cutoutd", "run", "--config", str(self.place.config), *options), self.home / "daemon.log"
        )
        try:
            daemon.wait_until_said('"started"', 120)
        except BaseException:
            daemon.__exit__(None, None, None)  # else it would hold the trees for ever
            raise
        return daemon

    def drop(self, *, below: str = "", first: int = 0, last: int | None = None) -> int:
        """Move these photos into the input tree, complete, as fast as the disk can; how many they were."""
        items = self.stock.items[first:last]
        for item in items:
            (self.staging / item.name).hardlink_to(item.photo)
        folder = self.place.input / below
        folder.mkdir(parents=True, exist_ok=True)
        for item in items:
            (self.staging / item.name).rename(folder / item.name)
        return len(items)

    @property
    def published(self) -> int:
        """How many cutouts are in the output tree, whole."""
        if not self.place.output.is_dir():
            return 0
        size_bytes = self.stock.cutout_bytes
        with os.scandir(self.place.output) as entries:
            return sum(not entry.name.startswith(".") and entry.stat().st_size == size_bytes for entry in entries)

    def asked(self) -> Asked:
        """What the sandbox was asked until now."""
        counted = self.sandbox.counters()["requests"]
        return Asked(counted.get("status", 0), counted.get("execute", 0))

    def removed(self) -> list[Removed]:
        """All removals, in the order of their launch."""
        query = (
            "SELECT removals.started, result.uploaded, source.original_filename FROM removals"
            " JOIN files AS result ON result.uuid = removals.file_id"
            " JOIN files AS source ON source.uuid = removals.target ORDER BY removals.started"
        )
        with closing(sqlite3.connect(f"file:{self._sandbox_state / 'sandbox.sqlite'}?mode=ro", uri=True)) as tables:
            rows = tables.execute(query).fetchall()
        return [Removed(_unix_s(started), _unix_s(done), name) for started, done, name in rows]

    def waits_for_publication(self) -> list[float]:
        """Seconds from a removal's end at the service to its cutout in place, for every photo dropped.

        A cutout's change time is that of the link that put it in place.
        """
        done_s = {removal.original_name: removal.done_s for removal in self.removed()}
        places = {item.name: self.place.output / item.cutout_name for item in self.stock.items}
        return [max(0.0, place.stat().st_ctime - done_s[name]) for name, place in places.items()]

    def require_sound(self, last: int | None = None) -> None:
        """See that every photo dropped was published right and paid for once; the run counts for nothing otherwise."""
        require_sound(self.stock.items[:last], self.place.output, self.sandbox.counters())


@contextmanager
def open_stage(home: Path, stock: Stock, *sandbox_options: str) -> Iterator[Stage]:
    """A stage in a new folder that is cleared away afterwards; the sandbox has rendered all cutouts already."""
    home.mkdir(parents=True)
    try:
        stock.prepare(home / "sandbox")
        with SandboxProcess(home / "sandbox", *sandbox_options) as sandbox:
            yield Stage(home, stock, sandbox)
    finally:
        shutil.rmtree(home)


def _unix_s(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
