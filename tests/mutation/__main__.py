"""``python -m mutation``: change the code in thousands of small ways, and see which changes no unit test notices.

PYTHONPATH=daemon:tests python -m mutation                     all modules of MUTATED, hours on two cores
PYTHONPATH=daemon:tests python -m mutation 'pipeline/budget/*' some of them
PYTHONPATH=daemon:tests python -m mutation --work FOLDER       goes on where an earlier run in FOLDER was stopped

mutmut makes the mutants and runs, for each, the tests that reach it. It knows sources in ``src`` only, therefore it
works on a copy. Exit code 1: too many survived, or one survived without an explanation in ``survivors.toml``.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent

#: The code where a mistake costs money, a photo or a file.
MUTATED = (
    "pipeline/photo_pipeline.py",
    "pipeline/steps/*",
    "pipeline/budget/*",
    "pipeline/backoff.py",
    "pipeline/on_success/*",
    "pipeline/scheduling/halt.py",
    "ledger/writes/*",
    "ledger/queries/duplicates.py",
    "ledger/queries/lost_launches.py",
)

#: Every unit test that may reach them; the ones of the whole would take days.
_TESTS = ("tests/unit/pipeline", "tests/unit/ledger")

#: Lines that only word a sentence: a sentence is never data, and the golden files hold those of the screens.
_WORDING = (
    r"^\s*f?\"",
    r"^\s*(msg|sentence|advice|reason|note|rate|why) = f?\"",
    r"log_(event|error|fault)\(",
    r"^\s*raise \w+\(f?\"",
)

_LEAST_KILLED_SHARE = 0.95

#: The type checker refuses the mutant, or a test fails on it, or hangs in it.
_KILLED = frozenset({"killed", "timeout", "caught by type check", "segfault"})
_TYPE_CHECK = ["mypy", "src", "--output", "json", "--disable-error-code", "unused-ignore"]


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test noticed."""

    function: str  #: as ``cutoutd.pipeline.backoff.x_backoff``
    change: str  #: the added lines, without their indentation

    @property
    def key(self) -> tuple[str, str]:
        """The name in ``survivors.toml``; the numbers of mutants change with every edit."""
        return self.function, self.change


def main() -> int:
    """Run, print the share that was killed for each module, and the survivors without an explanation."""
    given = _arguments()
    work = given.work or Path(tempfile.mkdtemp(prefix="mutation-"))
    _copy_tree(work, given.modules or MUTATED)
    _mutmut(work, "run", "--max-children", str(given.jobs))
    statuses = _statuses(_mutmut(work, "results", "--all", "true"))
    _print_shares(statuses)
    unexplained = [one for one in _survivors(work, statuses) if one.key not in _explained()]
    for one in unexplained:
        _say(f"\nsurvived: {one.function}\n{one.change}")
    killed = sum(status in _KILLED for status in statuses.values()) / max(1, len(statuses))
    _say(f"\n{killed:.1%} of {len(statuses):,} killed; {len(unexplained):,} survived without an explanation; {work}")
    return int(killed < _LEAST_KILLED_SHARE or bool(unexplained))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutation")
    parser.add_argument("modules", nargs="*", help="paths or patterns below daemon/cutoutd")
    parser.add_argument("--work", type=Path, help="the folder of the copy; kept")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _copy_tree(work: Path, modules: Sequence[str]) -> None:
    for name, source in (("src", "daemon"), ("tests", "tests")):
        shutil.copytree(_ROOT / source, work / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (work / "pyproject.toml").write_text(_configuration(modules))


def _configuration(modules: Sequence[str]) -> str:
    lines = [
        "[tool.mutmut]",
        f"source_paths = {['src']}",
        f"only_mutate = {[f'src/cutoutd/{module}' for module in modules]}",
        f"pytest_add_cli_args_test_selection = {list(_TESTS)}",
        f"pytest_add_cli_args = {['-p', 'no:cacheprovider']}",
        f"also_copy = {['tests']}",
        f"do_not_mutate_patterns = {list(_WORDING)}",
        f"type_check_command = {_TYPE_CHECK}",
        "[tool.pytest.ini_options]",
        f"pythonpath = {['src', 'tests']}",
        f"addopts = {['--strict-markers', '--import-mode=importlib']}",
        f"markers = {['sandbox_options(*options): the command line of a sandbox']}",
        "[tool.mypy]",
        'python_version = "3.11"',
        "strict = true",
        'mypy_path = "src"',
    ]
    # TOML and Python write lists of strings alike, but for a pattern with a backslash: TOML reads it in single quotes.
    return "\n".join(line.replace("\\\\", "\\") for line in lines) + "\n"


def _mutmut(work: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=work,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        sys.exit(f"mutmut {arguments[0]} ended with {ran.returncode}: {ran.stdout[-2000:]}")
    return ran.stdout


def _environment() -> dict[str, str]:
    venv = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "PATH": f"{venv}:{os.environ.get('PATH', '')}"}


def _statuses(results: str) -> dict[str, str]:
    return dict(line.strip().split(": ", 1) for line in results.splitlines() if ": " in line)


def _print_shares(statuses: dict[str, str]) -> None:
    modules: dict[str, list[bool]] = {}
    for name, status in statuses.items():
        modules.setdefault(_module_of(name), []).append(status in _KILLED)
    for module, killed in sorted(modules.items()):
        _say(f"{module:60} {sum(killed):4} of {len(killed):4}  {sum(killed) / len(killed):6.1%}")


def _module_of(mutant: str) -> str:
    return mutant.rsplit(".", 1)[0]


def _survivors(work: Path, statuses: dict[str, str]) -> list[Survivor]:
    return [_survivor(work, name) for name, status in statuses.items() if status not in _KILLED]


def _survivor(work: Path, mutant: str) -> Survivor:
    diff = _mutmut(work, "show", mutant)
    added = [line[1:].strip() for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]
    return Survivor(re.sub(r"__mutmut_\d+$", "", mutant), "\n".join(added))


def _explained() -> set[tuple[str, str]]:
    """Return the survivors that change nothing anyone can see, each with its reason in ``survivors.toml``."""
    entries = tomllib.loads((Path(__file__).parent / "survivors.toml").read_text())["survivors"]
    return {(entry["function"], entry["change"]) for entry in entries if entry["because"]}


if __name__ == "__main__":
    sys.exit(main())
