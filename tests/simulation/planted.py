"""Faults that are planted into a copy of the product, to prove that the simulator finds them.

Each plant is the smallest edit that brings a mended fault back, or makes a plausible mistake. Its text must occur
exactly once, else the plant has rotted and must be renewed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulation.plants import PLANTS, UNPROVEN, Plant

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Hunt:
    """The outcome of a hunt for a planted fault."""

    plant: Plant
    seed: int | None  #: None: it was not found
    fault: str
    seconds: float


def rotten(plants: Iterable[Plant] = (*PLANTS, *UNPROVEN)) -> list[str]:
    """Return the plants whose text is not where it was."""
    found = []
    for plant in plants:
        for edit in plant.edits:
            file = _ROOT / "daemon" / "cutoutd" / edit.file
            if not file.is_file() or file.read_text().count(edit.old) != 1:
                found.append(f"{plant.item}: {edit.file}")
    return found


def hunt(plants: Sequence[Plant], *, most_seeds: int = 2_000, processes: int = 1) -> Iterator[Hunt]:
    """Plant each fault by itself, and run worlds until one fails."""
    for plant in plants:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="cutoutd-planted-") as place:
            shutil.copytree(_ROOT / "daemon", Path(place) / "daemon")
            for edit in plant.edits:
                file = Path(place) / "daemon" / "cutoutd" / edit.file
                file.write_text(file.read_text().replace(edit.old, edit.new))
            seed, fault = _first_failure(Path(place), plant, most_seeds, processes)
        yield Hunt(plant, seed, fault, time.monotonic() - began_s)


def _first_failure(place: Path, plant: Plant, most_seeds: int, processes: int) -> tuple[int | None, str]:
    """Return the first seed whose world shows this very fault, with its line; else the last other failure."""
    environment = {**os.environ, "PYTHONPATH": f"{place / 'daemon'}:{_ROOT / 'tests'}"}
    seeds = f"{plant.first_seed}:{plant.first_seed + most_seeds}"
    command = [sys.executable, "-m", "simulation", "--seeds", seeds, "--profile", plant.profile, "-j", str(processes)]
    done = subprocess.run(
        [*command, "--until", plant.shows], env=environment, cwd=place, capture_output=True, text=True, check=False
    )
    failed = re.findall(r"seed (\d+): FAILED.*\n((?:    .*\n?)+)", done.stdout)
    for seed, faults in failed:
        for fault in faults.splitlines():
            if re.search(plant.shows, fault):
                return int(seed), fault.strip()
    others = [f"another fault at seed {seed}: {faults.strip().splitlines()[-1].strip()}" for seed, faults in failed]
    return None, (others or [done.stderr[-300:]])[-1]
