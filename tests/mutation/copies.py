"""The copy of the code that is changed, and of its tests."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent

#: Lines that only word a sentence: a sentence is never data, and the golden files hold those of the screens.
_WORDING = (
    r"^\s*f?\"",
    r"^\s*(msg|sentence|advice|reason|note|rate|why) = f?\"",
    r"log_(event|error|fault)\(",
    r"^\s*raise \w+\(f?\"",
)

_TYPE_CHECK = ["mypy", "src", "--output", "json", "--disable-error-code", "unused-ignore"]


def copy_tree(work: Path, modules: Sequence[str]) -> None:
    """Copy the code and its tests, and say there what is changed."""
    # mutmut knows sources in `src` only.
    for name, source in (("src", "daemon"), ("tests", "tests")):
        shutil.copytree(_ROOT / source, work / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (work / "pyproject.toml").write_text(_configuration(modules))


def _configuration(modules: Sequence[str]) -> str:
    lines = [
        "[tool.mutmut]",
        f"source_paths = {['src']}",
        f"only_mutate = {[f'src/cutoutd/{module}' for module in modules]}",
        f"also_copy = {['tests']}",
        f"do_not_mutate_patterns = {list(_WORDING)}",
        f"type_check_command = {_TYPE_CHECK}",
        "track_dependencies = false",
        "[tool.pytest.ini_options]",
        f"addopts = {['--strict-markers', '--import-mode=importlib']}",
        f"markers = {['sandbox_options(*options): the command line of a sandbox']}",
        "[tool.mypy]",
        'python_version = "3.11"',
        "strict = true",
        'mypy_path = "src"',
    ]
    # TOML and Python write lists of strings alike, but for a pattern with a backslash: TOML reads it in single quotes.
    return "\n".join(line.replace("\\\\", "\\") for line in lines) + "\n"


def environment(copy: Path) -> dict[str, str]:
    """Return the variables for programs that read a copy instead of the code."""
    venv, copy = Path(sys.executable).parent, copy.absolute()
    path = f"{venv}:{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONPATH": f"{copy / 'src'}:{copy / 'tests'}"}


@contextmanager
def current(folder: Path) -> Iterator[None]:
    """Make this the current folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
