"""Figure 4: what a tree costs whose photos are known already, and what many photos do to memory."""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from bench.figures import Figure, Findings
from bench.known import FOLDER, know_all, make_tree
from bench.program import Program, cpu_s, most_resident_mb, resident_mb
from bench.stage import Stage, open_stage
from bench.stock import LARGE, make_stock
from cutoutd.core.photo import Version
from cutoutd.files.input_tree import Sighting
from cutoutd.files.name_filters import Exclusions
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import known_files
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from cutoutd.watch.scanner import Scan
from cutoutd.watch.watcher import BATCH, REST_PER_CPU_SECOND
from support.processes.fork_client import ENVIRONMENT

REMOVALS_IN_FLIGHT = 64
#: The goals are for this many; with more, what grows with the tree is reported and not judged.
_GOALS_ARE_FOR = 100_000

#: The usual pause between two looks at a tree; large trees rest longer.
_LEAST_REST_S = 60.0
_PATIENCE_S = 1800.0


@dataclass(frozen=True, slots=True)
class Rescan:
    """One look at the whole tree."""

    scan_cpu_s: float  #: the walk alone, which the pause after it is measured by
    cpu_s: float  #: with the ledger's look-ups


def measure(work: Path, photos: int = 100_000, idle_s: float = 60.0, size: tuple[int, int] = LARGE) -> Findings:
    """A daemon that starts on a tree of known photos, rests, and is then given work."""
    stock = make_stock(work / "stock", REMOVALS_IN_FLIGHT, size)
    with open_stage(work / "stage", stock, "--processing-time", "30") as stage:
        stage.configure()
        make_tree(stage.place.input, photos)
        know_all(stage.place.state, stage.place.input, photos)
        ledger_mb = (stage.place.state / LEDGER_NAME).stat().st_size / 1e6
        rescan = asyncio.run(_rescan(stage))
        status_s = _status_s(stage)
        with _daemon(stage) as daemon:
            ready_s = _until_watching(daemon)
            ready_cpu_s = cpu_s(daemon.pid)
            resting_mb, idle = _rest(daemon, idle_s)
            busy_mb = _with_removals_in_flight(stage, daemon)
            daemon.wait_until(lambda: stage.published == len(stock.items), _PATIENCE_S)
        # Leaving the block kills it.
        with _daemon(stage) as daemon:
            after_kill_s = _until_watching(daemon)
        stage.require_sound()
    scanning = rescan.cpu_s / max(_LEAST_REST_S, REST_PER_CPU_SECOND * rescan.scan_cpu_s)
    all_in = idle + scanning
    is_judged = photos == _GOALS_ARE_FOR
    figures = [
        _figure("start-up to watching", ready_s, 3.0, "s", is_judged=is_judged),
        Figure("start-up to watching after a kill", "", f"{after_kill_s:.2f} s"),
        Figure("CPU of the start-up", "", f"{ready_cpu_s:.2f} s"),
        _figure("rescan, CPU with ledger look-ups", rescan.cpu_s, 1.5, "s", is_judged=is_judged),
        _figure("idle CPU, all in", 100 * all_in, 0.5, "% of a core", is_judged=is_judged),
        _figure("of which rescans", 100 * scanning, 0.25, "% of a core", is_judged=True),
        Figure("of which all else", "", f"{100 * idle:.2f} % of a core"),
        Figure("memory at rest", "", f"{resting_mb:.0f} MB"),
        _figure(f"memory with {REMOVALS_IN_FLIGHT} removals in flight", busy_mb, 120, "MB", is_judged=is_judged),
        Figure("ledger", "", f"{ledger_mb:.0f} MB, {1000 * ledger_mb / photos:.2f} kB a photo"),
        Figure("cutoutd status", "", f"{status_s:.2f} s"),
    ]
    return Findings([replace(figure, name=f"{photos:,} known photos: {figure.name}") for figure in figures])


def _figure(name: str, value: float, goal: float, unit: str, *, is_judged: bool) -> Figure:
    digits = 0 if goal >= 10 else 2
    return Figure(name, f"<= {goal:g} {unit}", f"{value:.{digits}f} {unit}", value <= goal if is_judged else None)


def _daemon(stage: Stage) -> Program:
    return Program(("-m", "cutoutd", "run", "--config", str(stage.place.config)), stage.home / "d.log")


def _until_watching(daemon: Program) -> float:
    """Until the daemon says that the whole tree was looked at and every folder is listened to."""
    started_s = time.monotonic()
    daemon.wait_until_said('"watching"', _PATIENCE_S)
    return time.monotonic() - started_s


def _rest(daemon: Program, idle_s: float) -> tuple[float, float]:
    time.sleep(2)
    before_s = cpu_s(daemon.pid)
    time.sleep(idle_s)
    return resident_mb(daemon.pid), (cpu_s(daemon.pid) - before_s) / idle_s


def _with_removals_in_flight(stage: Stage, daemon: Program) -> float:
    stage.drop()
    daemon.wait_until(lambda: stage.sandbox.counters()["active_removals"] >= REMOVALS_IN_FLIGHT, _PATIENCE_S)
    return most_resident_mb(daemon.pid)


def _status_s(stage: Stage) -> float:
    started_s = time.monotonic()
    command = [sys.executable, "-m", "cutoutd", "status", "--json", "--config", str(stage.place.config)]
    answer = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    json.loads(answer.stdout)
    return time.monotonic() - started_s


async def _rescan(stage: Stage) -> Rescan:
    """The watcher's walk and the ledger's answers to it, in this process, where nothing else uses CPU."""
    used_s = time.process_time()
    for _ in Scan(stage.place.input, Exclusions(())).sightings():
        pass
    scan_cpu_s = time.process_time() - used_s
    async with open_ledger(stage.place.state) as ledger:
        used_s = time.process_time()
        batch: list[Sighting] = []
        for sighting in Scan(stage.place.input, Exclusions(())).sightings():
            batch.append(sighting)
            if len(batch) == BATCH:
                await _look_up(ledger, batch)
                batch = []
        await _look_up(ledger, batch)
        return Rescan(scan_cpu_s, time.process_time() - used_s)


async def _look_up(ledger: Ledger, batch: list[Sighting]) -> None:
    known = await ledger.query(known_files.known_files, FOLDER, [sighting.path for sighting in batch])
    seen = (Version(each.path, each.size_bytes, each.mtime_ns, each.inode) for each in batch)
    strangers = [version.path for version in seen if version not in known.versions]
    if strangers:
        raise RuntimeError(f"{strangers[:3]} should have been known")
