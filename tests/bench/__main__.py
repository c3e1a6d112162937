"""``python -m bench``: measure, and draw the table and the chart from what was measured.

PYTHONPATH=daemon:tests python -m bench              everything, an hour or more on an idle machine
PYTHONPATH=daemon:tests python -m bench throughput   one measurement
PYTHONPATH=daemon:tests python -m bench draw         table and chart from the results that are kept
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import announced, cpu, gallery, latency, polls, scale, soak, stages, start, throughput
from bench.figures import Findings, keep
from bench.table import write_table
from bench.verdict import UnsoundRunError

Measurement = Callable[[Path, int | None], Findings]


def _sized(measure: Callable[..., Findings], usual: int) -> Measurement:
    return lambda work, number: measure(work, number or usual)


MEASUREMENTS: Mapping[str, Measurement] = {
    "throughput": lambda work, number: throughput.measure(work, throughput.Numbers(number) if number else None),
    "cpu": _sized(cpu.measure, 500),
    "stages": _sized(stages.measure, 200),
    "latency": _sized(latency.measure, 80),
    "announced": _sized(announced.measure, 200),
    "polls": _sized(polls.measure, 400),
    "scale": _sized(scale.measure, 100_000),
    "million": _sized(scale.measure, 1_000_000),
    "soak": _sized(soak.measure_soak, 10_000),
    "flood": _sized(soak.measure_flood, 50_000),
    "gallery": _sized(gallery.measure, 1_000_000),
    "start": lambda work, _: start.measure(work),
}


def main() -> int:
    """0 when everything was measured; 1 when a run was not sound, so that nothing of it is reported."""
    given = _arguments()
    for name in given.measurements or MEASUREMENTS:
        if name != "draw" and not _carry_out(name, given.work, given.photos):
            return 1
    write_table()
    from bench.chart import draw_chart  # noqa: PLC0415  matplotlib takes a second, and only the chart needs it

    draw_chart()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure cutoutd beside its alternatives.")
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", choices=[*MEASUREMENTS, "draw"],
                        help=f"{', '.join(MEASUREMENTS)}; draw measures nothing (default: all)")  # fmt: skip
    parser.add_argument("--photos", type=int, help="another number than the usual one")
    parser.add_argument(
        "--work", type=Path, default=Path("bench-work"), help="scratch, up to 20 GB, cleared afterwards"
    )
    return parser.parse_args()


def _carry_out(name: str, work: Path, photos: int | None) -> bool:
    sys.stderr.write(f"{name}\n")
    load_before = os.getloadavg()[0]
    shutil.rmtree(work, ignore_errors=True)
    try:
        findings = MEASUREMENTS[name](work.resolve(), photos)
    except UnsoundRunError as error:
        sys.stderr.write(f"{error}\n")
        return False
    finally:
        shutil.rmtree(work, ignore_errors=True)
    command = f"python -m bench {name}" + (f" --photos {photos}" if photos else "")
    keep(name, findings, command=command, load_before=load_before)
    for figure in findings.figures:
        sys.stdout.write(f"  {figure.name}: {figure.result}  [{figure.goal or '-'}] {figure.verdict}\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
