"""``python -m mutation``: change the code in thousands of small ways, and see which changes no unit test notices.

PYTHONPATH=daemon:tests python -m mutation                     all modules of MUTATED, hours on two cores
PYTHONPATH=daemon:tests python -m mutation 'pipeline/budget/*' some of them
PYTHONPATH=daemon:tests python -m mutation --work FOLDER       goes on where an earlier run in FOLDER was stopped

mutmut makes the mutants, on a copy. The type checker refuses some. For each other one `trials` runs the tests that
reach the changed function, up to the first that fails. A run that goes on tries the mutants of changed functions, and
those that survived. Exit code 1: too many survived, or one survived without an explanation in ``survivors.toml``.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mutation.copies import copy_tree, environment
from mutation.outcomes import LEAST_KILLED_SHARE, killed_share, read_outcomes, table
from mutation.survivors import changes_of, explained, unused

#: The code where a mistake costs money, a photo or a file.
MUTATED = (
    "pipeline/photo_pipeline.py",
    "pipeline/steps/*",
    "pipeline/steps/launching/*",
    "pipeline/budget/*",
    "pipeline/backoff.py",
    "pipeline/on_success/*",
    "pipeline/maintenance/removed_sources.py",
    "pipeline/scheduling/halt.py",
    "pipeline/scheduling/next_photos.py",
    "pipeline/scheduling/refusals.py",
    "ledger/writes/*",
    "ledger/recovery/*",
    "ledger/queries/duplicates.py",
    "ledger/queries/lost_launches.py",
    "ledger/queries/picking.py",
    "ledger/queries/sources.py",
    "files/output_tree.py",
    "core/set_aside.py",
)


def main() -> int:
    """Run, print the share that was killed for each module, and the survivors without an explanation."""
    given = _arguments()
    work = given.work or Path(tempfile.mkdtemp(prefix="mutation-"))
    if not given.report:
        copy_tree(work, given.modules or MUTATED)
        _run("making", work)
        _run("trials", work / "mutants", str(given.jobs), str(given.most_s))
    return _report(work)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutation")
    parser.add_argument("modules", nargs="*", help="paths or patterns below daemon/cutoutd")
    parser.add_argument("--work", type=Path, help="the folder of the copy; kept")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--most-s", type=float, default=math.inf, help="the most seconds of tests for one change")
    parser.add_argument("--report", action="store_true", help="only print what is known in --work")
    return parser.parse_args()


def _run(program: str, place: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", f"mutation.{program}", *arguments]
    ran = subprocess.run(command, cwd=place, env=environment(place), check=False)
    if ran.returncode != 0:
        sys.exit(f"mutation.{program} ended with {ran.returncode}")


def _report(work: Path) -> int:
    outcomes = read_outcomes(work)
    changes = changes_of(work, [one.name for one in outcomes if not one.is_killed])
    known = explained()
    _say(table(outcomes, frozenset(name for name, change in changes.items() if change in known)))
    unexplained = {name: change for name, change in changes.items() if change not in known}
    for name, (function, change) in unexplained.items():
        _say(f"\nsurvived: {function} ({name.rpartition('_')[2]})\n{change}")
    for function, change in unused(known, changes, outcomes):
        _say(f"\nexplained, but it survives no more: {function}\n{change}")
    _say(f"\n{len(unexplained):,} survived without an explanation; {work}")
    return int(killed_share(outcomes) < LEAST_KILLED_SHARE or bool(unexplained))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
