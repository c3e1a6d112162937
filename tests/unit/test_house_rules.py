"""Rules of this house that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent
SOURCES = TESTS.parent / "daemon" / "cutoutd"
SHARED_WORDS = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "engine_base", "base", "misc"})


def specifications_in(file: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def test_every_test_says_what_it_shows() -> None:
    """Every test has a docstring of its own, so that the suite reads like a specification."""
    silent = [
        f"{file.relative_to(TESTS)}:{test.lineno} {test.name}"
        for file in sorted(TESTS.rglob("test_*.py"))
        for test in specifications_in(file)
        if not (ast.get_docstring(test) or "").strip().endswith(".")
    ]
    assert silent == []


def test_modules_are_named_for_what_they_hold() -> None:
    """No module is a drawer for whatever fits nowhere else."""
    assert [file for file in SOURCES.rglob("*.py") if file.stem in SHARED_WORDS] == []


def test_no_file_grows_into_an_engine() -> None:
    """A file that grows past 300 lines holds more than one idea."""
    grown = {str(file.relative_to(SOURCES)): len(file.read_text().splitlines()) for file in SOURCES.rglob("*.py")}
    assert {name: lines for name, lines in grown.items() if lines > 300} == {}


def test_there_are_tests_to_hold_to_this() -> None:
    """The rules above look at files that exist."""
    assert sum(1 for file in TESTS.rglob("test_*.py") for _ in specifications_in(file)) > 500
    assert len(list(SOURCES.rglob("*.py"))) > 100
