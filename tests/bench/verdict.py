"""Whether a run may be reported at all: no photo lost, none paid for twice, none published wrong.

Held against what was known before the run (the one right cutout of each photo) and against the sandbox's counters,
never against what the program under measurement says of itself.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.stock import Numbered

_SHOWN = 10


class UnsoundRunError(Exception):
    """The run broke a promise, so its figures are worth nothing."""


def require_sound(items: Sequence[Numbered], output: Path, counters: Mapping[str, Any]) -> None:
    """Refuse a run in which something went wrong.

    Raises:
        UnsoundRunError: names the first photos it went wrong with.
    """
    faults = list(faults_in(items, output, counters))
    if faults:
        raise UnsoundRunError(f"{len(faults)} faults, so nothing is reported: " + "; ".join(faults[:_SHOWN]))


def faults_in(items: Sequence[Numbered], output: Path, counters: Mapping[str, Any]) -> Iterator[str]:
    """Every way in which the run went wrong."""
    launches = counters["executes_by_sha256"]
    for item in items:
        cutout = output / item.cutout_name
        if not cutout.is_file():
            yield f"{item.name} was lost"
        elif hashlib.sha256(cutout.read_bytes()).hexdigest() != item.cutout_sha256:
            yield f"{item.name} was published wrong"
        if (times := launches.get(item.photo_sha256, 0)) != 1:
            yield f"{item.name} was paid for {times} times"
    strangers = sum(launches.values()) - sum(launches.get(item.photo_sha256, 0) for item in items)
    if strangers:
        yield f"{strangers} launches were of no photo"
