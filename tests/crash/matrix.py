"""Every point that any run passes, died at once: a table that fills itself.

A dry run of each scene gives the first rows. A daemon that is started after a kill does things that the dry run did
not, such as looking for a lost outcome; points of a name not met before become rows of two kills, and so on, until no
run passes anything new. So there is no write and no request in the product that no row dies at.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from crash.books import Kill, faults_in, never_sent, paid_again
from crash.launcher import WatchedDaemon
from crash.scenes import Scene
from crash.ward import Ward
from cutoutd.photo import Photo, State

#: A launch that was never sent is made again only after this; a result is in sight long before, even on a busy machine.
LOOK_FOR_S = 6.0

#: A point may be missed when two threads overtake each other; one that is missed so often does not exist.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One way to die, or to die repeatedly: the first daemon at the first line, the next one at the second."""

    scene: type[Scene]
    kills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a row."""

    row: Row
    passed: Sequence[Sequence[str]]  #: by each daemon
    faults: Sequence[str]


def name_of(line: str) -> str:
    """A point's line without its number."""
    return line.rpartition(" #")[0]


@dataclass(repr=False)
class Matrix:
    """The rows and what became of them."""

    wards: Sequence[Ward]
    scenes: Sequence[type[Scene]]
    runs: list[Run] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    @property
    def faults(self) -> list[str]:
        """Each fault with the row it came up in."""
        return [f"{' then '.join(run.row.kills) or 'no kill'}: {fault}" for run in self.runs for fault in run.faults]

    @property
    def missed(self) -> set[str]:
        """Points that some run passed and no row died at."""
        passed = {name_of(line) for run in self.runs for lines in run.passed for line in lines}
        return passed - {name_of(line) for run in self.runs for line in run.row.kills}

    def fill(self) -> None:
        """Run every row there is to run, several at once."""
        free: queue.SimpleQueue[Ward] = queue.SimpleQueue()
        for ward in self.wards:
            free.put(ward)
        with ThreadPoolExecutor(len(self.wards)) as pool:
            for scene in self.scenes:
                _work_off(pool, free, self._first_rows(free, scene), self._next_rows)

    def _first_rows(self, free: "queue.SimpleQueue[Ward]", scene: type[Scene]) -> list[Row]:
        dry = _run(free, Row(scene))
        self.runs.append(dry)
        lines = [line for line in dry.passed[0] if name_of(line) not in self._names]
        self._names |= {name_of(line) for line in lines}
        return [Row(scene, (line,)) for line in lines]

    def _next_rows(self, run: Run) -> list[Row]:
        self.runs.append(run)
        rows = []
        for daemon, lines in enumerate(run.passed[1:], start=1):
            for line in lines:
                if name_of(line) not in self._names:
                    self._names.add(name_of(line))
                    rows.append(Row(run.row.scene, (*run.row.kills[:daemon], line)))
        return rows


def _work_off(
    pool: ThreadPoolExecutor, free: "queue.SimpleQueue[Ward]", rows: list[Row], then: Callable[[Run], list[Row]]
) -> None:
    pending: set[Future[Run]] = {pool.submit(_run, free, row) for row in rows}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {pool.submit(_run, free, row) for future in done for row in then(future.result())}


def _run(free: "queue.SimpleQueue[Ward]", row: Row) -> Run:
    ward = free.get()
    try:
        for _ in range(_TRIES):
            run = _try(ward, row)
            if run is not None:
                return run
        return Run(row, (), ("this point was not met again",))
    finally:
        free.put(ward)


def _try(ward: Ward, row: Row) -> Run | None:
    """Die as the row says and finish; None when a daemon did not come to its point."""
    scene = row.scene
    scene.set_up(ward)
    before = {photo.id for photo in ward.photos()}
    kills, daemons = [], []
    for line in row.kills:
        daemon = ward.start("--once", fatal=line, look_for_s=LOOK_FOR_S, has_grouped_commits=False)
        daemons.append(daemon)
        daemon.wait()
        if line not in daemon.passed:
            return None
        kills.append(Kill(ward.photos(), ward.books().uploads, time.time()))
    last = ward.start("--once", look_for_s=LOOK_FOR_S, has_grouped_commits=False)
    code = last.wait()
    photos = [photo for photo in ward.photos() if photo.id not in before]
    faults = [
        *_faults_of_end(code, last),
        *_faults_of_scene(ward, scene, photos),
        *_faults_of_money(ward, photos, kills),
    ]
    return Run(row, [daemon.passed for daemon in (*daemons, last)], faults)


def _faults_of_end(code: int, last: WatchedDaemon) -> list[str]:
    is_done = code in {0, 1} and "0 failed, 0 left for the next run" in last.output
    return [] if is_done else [f"the last daemon ended with {code}:\n{last.output}"]


def _faults_of_scene(ward: Ward, scene: type[Scene], photos: Sequence[Photo]) -> list[str]:
    faults = []
    for state, paths in ((State.PUBLISHED, scene.published), (State.REJECTED, scene.rejected)):
        found = sorted(photo.identity.path for photo in photos if photo.state is state)
        if found != sorted(paths):
            faults.append(f"{state} are {found}")
    if set(ward.place.outputs()) != scene.outputs:
        faults.append(f"in the output tree are {ward.place.outputs()}")
    if set(ward.state_files()) - {"live.json.new"} != {"ledger.sqlite", "ledger.lock", "live.json"}:
        faults.append(f"in the state folder are {ward.state_files()}")
    return faults


def _faults_of_money(ward: Ward, photos: Sequence[Photo], kills: Sequence[Kill]) -> list[str]:
    books = ward.books()
    faults = faults_in(photos, ward.place.output, books, kills)
    faults += [
        f"{path} was paid for {times} times too often" for path, times in paid_again(photos, books).items() if times
    ]
    paid = [photo for photo in photos if photo.state is State.PUBLISHED and photo.reused_from is None]
    right = {photo.identity.path: 1 for photo in paid if never_sent(photo, books, kills)}
    if (said := dict(ward.said("possible_double_charge"))) != right:
        faults.append(f"a possible double charge was told of {said}, and right would have been {right}")
    return faults
