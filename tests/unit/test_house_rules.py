"""Rules of this house that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.prose import all_complaints

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


def classes_in(folder: Path) -> Iterator[tuple[Path, ast.ClassDef]]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                yield file.relative_to(SOURCES), node


def test_no_class_name_means_two_things() -> None:
    """A name is looked up once: no two classes share one."""
    places: dict[str, list[str]] = {}
    for file, node in classes_in(SOURCES):
        places.setdefault(node.name, []).append(str(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_class_offers_more_than_twelve_methods() -> None:
    """A class with more public methods holds more than one idea; a property is a value, not a method."""
    offered = {
        f"{file}:{node.name}": sum(
            isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
            and not member.name.startswith("_")
            and "property" not in map(ast.unparse, member.decorator_list)
            for member in node.body
        )
        for file, node in classes_in(SOURCES)
    }
    assert {name: number for name, number in offered.items() if number > 12} == {}


def test_no_folder_holds_more_than_twelve_entries() -> None:
    """A longer list is not read; docs/architecture.md lists the packages themselves."""
    folders = [path for path in SOURCES.rglob("*") if path.is_dir() and path.name != "__pycache__"]
    held = {
        str(folder.relative_to(SOURCES)): sum(
            entry.name not in {"__init__.py", "__pycache__"} for entry in folder.iterdir()
        )
        for folder in folders
    }
    assert {name: number for name, number in held.items() if number > 12} == {}


def test_docstrings_and_comments_are_plain_english() -> None:
    """The rules of docs/development.md: no question words, no words for persons, at most twenty words a sentence."""
    assert all_complaints([SOURCES]) == []


def test_every_package_says_what_belongs_there() -> None:
    """The docstring of a package has two sentences: what belongs there, and what does not."""
    told = {
        str(file.relative_to(SOURCES)): ast.get_docstring(ast.parse(file.read_text())) or ""
        for file in SOURCES.rglob("*/__init__.py")
    }
    assert {name for name, text in told.items() if len(re.findall(r"[.!?](?=\s|$)", text)) != 2} == set()


def test_every_package_has_its_tests() -> None:
    """A reader of a package finds its tests under the same name; the sandbox's are driven over TCP."""
    packages = {path.name for path in SOURCES.iterdir() if (path / "__init__.py").exists()} - {"sandbox"}
    assert packages == {path.name for path in (TESTS / "unit").iterdir() if path.is_dir() and any(path.glob("*.py"))}


def test_no_test_replaces_a_private_constant() -> None:
    """What a test shortens goes in by a parameter, so that a rename is found by the type checker."""
    private = re.compile(r"""setattr\(\s*(["'][\w.]+\._[A-Z_]+["']|[\w.]+,\s*["']_[A-Z_]+["'])""")
    assert [str(file.relative_to(TESTS)) for file in TESTS.rglob("test_*.py") if private.search(file.read_text())] == []


def test_there_are_tests_to_hold_to_this() -> None:
    """The rules above look at files that exist."""
    assert sum(1 for file in TESTS.rglob("test_*.py") for _ in specifications_in(file)) > 500
    assert len(list(SOURCES.rglob("*.py"))) > 100
