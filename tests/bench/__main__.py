"""``python -m bench``: measure, and draw the table and the chart from what was measured.

PYTHONPATH=daemon:tests python -m bench              everything, an hour or more on an idle machine
PYTHONPATH=daemon:tests python -m bench throughput   one measurement
PYTHONPATH=daemon:tests python -m bench draw         table and chart from the results that are kept

PYTHONPATH=daemon:tests python -m bench weather --kinds stall,kills   some kinds of weather, shown and not kept
"""

import argparse
import math
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import announced, cpu, gallery, latency, polls, scale, soak, stages, start, throughput, weather
from bench.figures import Findings, keep
from bench.progress import say
from bench.table import row_of, write_tables
from bench.verdict import UnsoundRunError


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured, with how many photos unless another number is given, and how long that takes, about."""

    measure: Callable[..., Findings]
    photos: int
    minutes: float

    def minutes_with(self, photos: int | None) -> float:
        """About; most of it is photos."""
        return self.minutes * (photos or self.photos) / self.photos


MEASUREMENTS: Mapping[str, Measurement] = {
    "throughput": Measurement(lambda work, n: throughput.measure(work, throughput.Numbers(daemon=n)), 500, 12),
    "cpu": Measurement(cpu.measure, 500, 3),
    "stages": Measurement(stages.measure, 200, 2),
    "latency": Measurement(latency.measure, 80, 2),
    "announced": Measurement(announced.measure, 200, 2),
    "polls": Measurement(polls.measure, 400, 0.5),
    "scale": Measurement(scale.measure, 100_000, 5),
    "million": Measurement(scale.measure, 1_000_000, 30),
    "weather": Measurement(weather.measure, 200, 24),
    "soak": Measurement(soak.measure_soak, 10_000, 15),
    "flood": Measurement(soak.measure_flood, 50_000, 8),
    "gallery": Measurement(gallery.measure, 1_000_000, 10),
    "start": Measurement(start.measure, 1, 0.1),
}


def main() -> int:
    """0 when everything was measured; 1 when something was not, or not soundly, so that nothing of it is reported."""
    given = arguments()
    names = [name for name in given.measurements or MEASUREMENTS if name != "draw"]
    failed = []
    for number, name in enumerate(names):
        left = sum(MEASUREMENTS[other].minutes_with(given.photos) for other in names[number:])
        say(f"{number + 1} of {len(names)}: {name}; about {math.ceil(left)} minutes left in all")
        if not _carry_out(name, given):
            failed.append(name)
    if given.kinds:
        return 1 if failed else 0  # because the table holds whole runs
    write_tables(MEASUREMENTS)
    from bench.chart import draw_chart  # noqa: PLC0415  matplotlib takes a second, and only the chart needs it

    draw_chart()
    if failed:
        say(f"not measured; what earlier runs found of it still stands: {', '.join(failed)}")
    return 1 if failed else 0


def _known(name: str) -> str:
    """As argparse's own choices, which do not allow for none being given."""
    if name not in {*MEASUREMENTS, "draw"}:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(MEASUREMENTS)}, draw")
    return name


def _cases(kinds: str) -> list[weather.Case]:
    by_key = {case.key: case for case in weather.CASES}
    wanted = kinds.split(",")
    if unknown := [kind for kind in wanted if kind not in by_key]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is none of {', '.join(by_key)}")
    return [by_key[kind] for kind in wanted]


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure cutoutd beside its alternatives.")
    parser.add_argument("measurements", nargs="*", metavar="MEASUREMENT", type=_known,
                        help=f"{', '.join(MEASUREMENTS)}; draw measures nothing (default: all)")  # fmt: skip
    parser.add_argument("--photos", type=int, help="another number than the usual one")
    known_kinds = ", ".join(case.key for case in weather.CASES)
    parser.add_argument("--kinds", type=_cases, metavar="KIND,...", help=f"only this weather: {known_kinds}; not kept")
    parser.add_argument(
        "--work", type=Path, default=Path("bench-work"), help="scratch, up to 20 GB, cleared afterwards"
    )
    given = parser.parse_args()
    if given.kinds and given.measurements != ["weather"]:
        parser.error("--kinds is for weather alone")
    return given


def _carry_out(name: str, given: argparse.Namespace) -> bool:
    """Measure, and keep at once what was found; whether it was."""
    work, photos, measure = given.work, given.photos, MEASUREMENTS[name].measure
    if given.kinds:
        measure = partial(measure, cases=given.kinds)
    load_before, started_s = os.getloadavg()[0], time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    try:
        findings = measure(work.resolve(), photos or MEASUREMENTS[name].photos)
    except UnsoundRunError as error:
        say(str(error))
        return False
    except Exception:  # noqa: BLE001  what fails here must not take the measurements after it along
        say(traceback.format_exc())
        return False
    finally:
        shutil.rmtree(work, ignore_errors=True)
    command = f"python -m bench {name}" + (f" --photos {photos}" if photos else "")
    if given.kinds:
        command += f" --kinds {','.join(case.key for case in given.kinds)}"
    else:
        keep(name, findings, command=command, load_before=load_before)
    say(f"{name} took {(time.monotonic() - started_s) / 60:.1f} minutes")
    for figure in findings.figures:
        sys.stdout.write(row_of(figure, f"`{command}`") + "\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
