"""Every point that any run passes, died at once: a table that fills itself. A push draws a sample of the rows.

A dry run of each scene gives the first rows. A daemon that is started after a kill does things that the dry run did
not, such as looking for a lost outcome; points of a name not met before become rows of two kills, and so on, until no
run passes anything new. So there is no write and no request in the product that no row dies at.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from crash.crash_site import CrashSite
from crash.invariants import Kill, faults_in, paid_again
from crash.launcher import WatchedDaemon
from crash.points import is_repeated, name_of, photo_of
from crash.scenes import Scene
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.photo import Photo, State
from support.nightly import sample_of

#: A launch that was never sent is made again only after this; a result is in sight long before, even on a busy machine.
LOOK_FOR_S = 6.0

#: Two photos may overtake each other, and a point not be met then.
_TRIES = 3

#: Of the first rows; each brings others along.
_SAMPLE = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One way to die, or to die repeatedly: the first daemon at the first line, the next one at the second."""

    kills: tuple[str, ...] = ()
    also: str | None = None  #: the point right before the last one: with nothing in between, it is the same death

    @property
    def names(self) -> set[str]:
        """What is died at."""
        return {name_of(line) for line in (*self.kills, self.also) if line is not None}


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a row."""

    row: Row
    passed: Sequence[Sequence[str]]  #: by each daemon; none when a daemon did not come to its point
    faults: Sequence[str]


@dataclass(repr=False)
class Matrix:
    """One scene's rows and what became of them."""

    wards: Sequence[CrashSite]
    scene: type[Scene]
    runs: list[Run] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _spare: list[Row] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Each fault with the row it came up in."""
        return [f"{' then '.join(run.row.kills) or 'no kill'}: {fault}" for run in self.runs for fault in run.faults]

    @property
    def missed(self) -> set[str]:
        """Points that some run passed and no row died at."""
        passed = {name_of(line) for run in self.runs for lines in run.passed for line in lines}
        return passed.difference(*(run.row.names for run in self.runs if run.passed))

    @property
    def summary(self) -> str:
        """One line."""
        unmet = [" then ".join(run.row.kills) for run in self.runs if not run.passed]
        kills = sum(len(run.row.kills) for run in self.runs if run.passed)
        names = set().union(*(run.row.names for run in self.runs if run.passed))
        return f"{self.scene.__name__}: {kills} kills at {len(names)} kinds of point; not met again: {unmet or 'none'}"

    def fill(self) -> None:
        """Run every row there is to run, several at once.

        A row whose point is not met again is made good by another one that dies at a point of its name.
        """
        free: queue.SimpleQueue[CrashSite] = queue.SimpleQueue()
        for ward in self.wards:
            free.put(ward)
        dry = _run(free, self.scene, Row())
        self.runs.append(dry)
        rows = self._first_rows(dry.passed[0])
        with ThreadPoolExecutor(len(self.wards)) as pool:
            while rows:
                _work_off(pool, lambda row: _run(free, self.scene, row), rows, self._next_rows)
                rows = self._spare_rows()

    def _first_rows(self, lines: Sequence[str]) -> list[Row]:
        """A row for each line; but where a photo goes from one point straight to the next, one for both."""
        self._names |= {name_of(line) for line in lines}
        rows: list[Row] = []
        last: dict[str | None, str] = {}
        for line in (line for line in lines if not is_repeated(line)):
            before = last.get(photo_of(line), "")
            is_straight = before.startswith("after ") and line.startswith("before ")
            rows.append(Row((line,), before if is_straight else None))
            last[photo_of(line)] = line
        covered = {row.also for row in rows}
        return list(sample_of([row for row in rows if row.kills[0] not in covered], _SAMPLE))

    def _next_rows(self, run: Run) -> list[Row]:
        """Rows for what a later daemon did that none did before, as a consequence of the kill and not by chance.

        That is, to the photo at which the one before was killed, or when no photo's doing ended it.
        """
        self.runs.append(run)
        rows = []
        for daemon, lines in enumerate(run.passed[1:], start=1):
            kills = run.row.kills[:daemon]
            for line in lines:
                row = Row((*kills, line))
                if name_of(line) in self._names:
                    continue
                if photo_of(line) in {None, photo_of(kills[-1])}:
                    self._names.add(name_of(line))
                    rows.append(row)
                else:
                    self._spare.append(row)
        return rows

    def _spare_rows(self) -> list[Row]:
        """For each name that is still missed another row, as long as there is one."""
        rows = {name_of(row.kills[-1]): row for row in self._spare if name_of(row.kills[-1]) in self.missed}
        self._spare = [row for row in self._spare if row not in rows.values()]
        return list(rows.values())


def _work_off(
    pool: ThreadPoolExecutor, work: Callable[[Row], Run], rows: list[Row], then: Callable[[Run], list[Row]]
) -> None:
    pending: set[Future[Run]] = {pool.submit(work, row) for row in rows}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {pool.submit(work, row) for future in done for row in then(future.result())}


def _run(free: "queue.SimpleQueue[CrashSite]", scene: type[Scene], row: Row) -> Run:
    ward = free.get()
    try:
        for _ in range(_TRIES):
            run = _try(ward, scene, row)
            if run is not None:
                return run
        return Run(row, (), ())
    finally:
        free.put(ward)


def _try(ward: CrashSite, scene: type[Scene], row: Row) -> Run | None:
    """Die as the row says and finish; None when a daemon did not come to its point."""
    scene.set_up(ward)
    before, sources = {photo.id for photo in ward.photos()}, ward.sources()
    kills, daemons, faults = [], [], []
    for line in row.kills:
        daemon = ward.start("--once", fatal=line, look_for_s=LOOK_FOR_S, is_plain=True)
        daemons.append(daemon)
        daemon.wait()
        if line not in daemon.passed:
            return None
        faults += ward.sources().faults_since(sources)
        kills.append(Kill(ward.photos(), ward.books().uploads, time.time()))
    last = ward.start("--once", look_for_s=LOOK_FOR_S, is_plain=True)
    code = last.wait()
    photos = [photo for photo in ward.photos() if photo.id not in before]
    faults += [
        *_faults_of_end(code, last),
        *_faults_of_scene(ward, scene, photos),
        *ward.sources().faults_since(sources),
        *_faults_of_money(ward, photos, kills),
    ]
    return Run(row, [daemon.passed for daemon in (*daemons, last)], faults)


def _faults_of_end(code: int, last: WatchedDaemon) -> list[str]:
    is_done = code in {0, 1} and "0 failed, 0 left for the next run" in last.output
    return [] if is_done else [f"the last daemon ended with {code}:\n{last.output}"]


def _faults_of_scene(ward: CrashSite, scene: type[Scene], photos: Sequence[Photo]) -> list[str]:
    faults = []
    for state, paths in ((State.PUBLISHED, scene.published), (State.REJECTED, scene.rejected)):
        found = sorted(photo.identity.path for photo in photos if photo.state is state)
        if found != sorted(paths):
            faults.append(f"{state} are {found}")
    if set(ward.place.outputs()) != scene.outputs:
        faults.append(f"in the output tree are {ward.place.outputs()}")
    if set(ward.sources().archive) != scene.archived or ward.sources().studio:
        faults.append(f"the studio's photos are {ward.sources()}")
    left = {name for name in ward.state_files() if not name.startswith(TEMPORARY_PREFIX)}  # live.json is being written
    if left - {"ledger.seal", "unstored-facts"} != {"ledger.sqlite", "ledger.lock", "live.json"}:
        faults.append(f"in the state folder are {ward.state_files()}")
    return faults


def _faults_of_money(ward: CrashSite, photos: Sequence[Photo], kills: Sequence[Kill]) -> list[str]:
    books = ward.books()
    faults = faults_in(photos, ward.place.output, books, kills)
    faults += [
        f"{path} was paid for {times} times too often" for path, times in paid_again(photos, books).items() if times
    ]
    # A launch that was never sent left no lock and no mark on its upload, so there is nothing to doubt.
    if said := dict(ward.said("possible_double_charge")):
        faults.append(f"a possible double charge was told of {said}, and none was possible")
    return faults
