"""What came out: figures with their goals, kept in a file so that the table and the chart can be drawn at any time."""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    goal: str
    result: str
    is_met: bool | None = None  #: null: there is no goal, or it was not measured

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "met", False: "**missed**", None: ""}[self.is_met]


@dataclass(frozen=True, slots=True)
class Findings:
    """What one measurement found, and what the chart needs of it."""

    figures: Sequence[Figure]
    series: Mapping[str, Any] = field(default_factory=dict)


def keep(measurement: str, findings: Findings, *, command: str, load_before: float) -> None:
    """Replace what an earlier run of this measurement found."""
    kept = kept_results()
    kept[measurement] = {
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "command": command,
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "figures": [asdict(figure) for figure in findings.figures],
        "series": findings.series,
    }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


def kept_results() -> dict[str, Any]:
    """Everything that is kept, by measurement."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
