"""Figure 1: photos an hour, beside what people would use instead, and beside the best that any program could do."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Findings
from bench.program import Program, cpu_s
from bench.stage import LAUNCH_BURST, LAUNCHES_PER_MINUTE, UPLOAD_S, Removed, Stage, open_stage, realistic
from bench.stock import LARGE, Stock, make_stock

SCRIPT = Path(__file__).parent / "integrator.py"

#: Between the two runs of the daemon: the service has forgotten the launches of the first.
_LULL_S = 65.0

#: No run takes longer; far beyond what any takes.
_PATIENCE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many photos each program is given."""

    daemon: int = 500
    pool: int = 160
    sequential: int = 40


@dataclass(frozen=True, slots=True)
class Run:
    """One program's run, from the first photo dropped to the last cutout in place."""

    photos: int
    wall_s: float
    cpu_s: float
    sandbox_cpu_s: float
    polls: float  #: for each photo
    refused: int  #: launches answered with 429
    ideal_s: float

    @property
    def per_hour(self) -> float:
        """Photos."""
        return self.photos / self.wall_s * 3600

    @property
    def over_ideal(self) -> float:
        """How many times as long as the ideal schedule of the same removals."""
        return self.wall_s / self.ideal_s

    @property
    def summary(self) -> str:
        """In words."""
        return (
            f"{self.photos} photos in {self.wall_s:.1f} s, {self.per_hour:,.0f} an hour, {self.over_ideal:.2f} times"
            f" the ideal; {self.polls:.1f} polls each; CPU {1000 * self.cpu_s / self.photos:.0f} ms each,"
            f" the sandbox's {1000 * self.sandbox_cpu_s / self.photos:.0f} ms; {self.refused} launches refused"
        )


def measure(work: Path, numbers: Numbers | None = None, size: tuple[int, int] = LARGE) -> Findings:
    """Play every program on a sandbox of its own kind, one after the other."""
    numbers = numbers or Numbers()
    stock = make_stock(work / "stock", max(2 * numbers.daemon, numbers.pool, numbers.sequential), size)
    first, learned = daemon_runs(work / "daemon", stock, numbers.daemon)
    pool = script_run(work / "pool", stock, numbers.pool, threads=16)
    sequential = script_run(work / "sequential", stock, numbers.sequential, threads=1)
    runs = {"first run": first, "limit learned": learned, "pool of 16": pool, "sequential": sequential}
    times, times_pool = (learned.per_hour / other.per_hour for other in (sequential, pool))
    figures = [
        Figure("throughput against the sequential script", ">= 35 times", f"{times:.1f} times", times >= 35),
        Figure("throughput against a pool of 16 threads", ">= 2 times", f"{times_pool:.1f} times", times_pool >= 2),
        _over_ideal("wall time with the plan's limit learned", learned, 1.15),
        _over_ideal("wall time on the very first run", first, 1.4),
    ]
    figures += [Figure(f"run: {name}", "", run.summary) for name, run in runs.items()]
    figures.append(Figure("photos", "", stock.sizes))
    per_hour = {name: run.per_hour for name, run in runs.items()}
    return Findings(figures, per_hour | {"ideal": learned.per_hour * learned.over_ideal})


def _over_ideal(name: str, run: Run, goal: float) -> Figure:
    return Figure(name, f"<= {goal} times the ideal", f"{run.over_ideal:.2f} times", run.over_ideal <= goal)


def ideal_s(removed: Sequence[Removed]) -> float:
    """The least time that any client of this service needs for these very removals, in the order of their launch.

    All photos are there at 0. The first is uploaded at ``UPLOAD_S``; after it, launch number i (from 0) is free at
    ``max(0, i - burst + 1) * 60 / launches_per_minute``; each then takes its own processing time, as the sandbox drew
    it; finding, downloading and publishing take nothing. The ideal is the latest end.
    """
    interval_s = 60 / LAUNCHES_PER_MINUTE
    ends = (
        UPLOAD_S + max(0, index - LAUNCH_BURST + 1) * interval_s + removal.done_s - removal.launched_s
        for index, removal in enumerate(removed)
    )
    return max(ends)


def daemon_runs(home: Path, stock: Stock, photos: int) -> tuple[Run, Run]:
    """At default settings: a daemon's very first photos, and then as many others, with the plan's limit learned."""
    with open_stage(home, stock, *realistic()) as stage:
        stage.configure()
        with stage.start_daemon() as daemon:
            first = _timed(stage, daemon, photos)
            time.sleep(_LULL_S)
            return first, _timed(stage, daemon, photos, after=photos)


def script_run(home: Path, stock: Stock, photos: int, *, threads: int) -> Run:
    """The integrator's script."""
    with open_stage(home, stock, *realistic()) as stage, _watching_script(stage, threads) as script:
        return _timed(stage, script, photos)


@contextmanager
def _watching_script(stage: Stage, threads: int) -> Iterator[Program]:
    places = (stage.sandbox.url, str(stage.place.input), str(stage.place.output))
    with Program((str(SCRIPT), *places, str(threads)), stage.home / "script.log") as script:
        script.wait_until_said("watching", 60)
        yield script


def _timed(stage: Stage, program: Program, photos: int, *, after: int = 0) -> Run:
    """Drop so many photos, after those dropped before, and wait until they are published."""
    last = after + photos
    before_s, sandbox_before_s, before = cpu_s(program.pid), cpu_s(stage.sandbox.pid), stage.asked()
    started_s = time.monotonic()
    stage.drop(first=after, last=last)
    program.wait_until(lambda: stage.published >= last, _PATIENCE_S)
    wall_s = time.monotonic() - started_s
    used_s, sandbox_used_s = cpu_s(program.pid) - before_s, cpu_s(stage.sandbox.pid) - sandbox_before_s
    stage.require_sound(last)
    asked = stage.asked()
    return Run(
        photos=photos,
        wall_s=wall_s,
        cpu_s=used_s,
        sandbox_cpu_s=sandbox_used_s,
        polls=(asked.polls - before.polls) / photos,
        refused=asked.launches - before.launches - photos,
        ideal_s=ideal_s(stage.removed()[after:]),
    )
