"""What the README promises, held against what is there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from cutoutd.cli import app
from cutoutd.cli.exit_codes import ExitCode

TESTS = Path(__file__).parent.parent
README = (TESTS.parent / "README.md").read_text()
NAMED_TESTS = re.findall(r"`([\w/]+/test_\w+\.py)::(test_\w+)`", README)


def rows_below(heading: str) -> list[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        line for line in section.splitlines() if line.startswith("| ") and not re.match(r"\| \*\*|\| when \|", line)
    ]


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    """A promise that names its test names one that can be run."""
    assert f"def {name}(" in (TESTS / file).read_text()


def test_every_row_of_what_happens_when_names_its_test() -> None:
    """No fault is told of in the table without the test that shows it."""
    rows = rows_below("What happens when")
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"::test_\w+`", row)] == []


def test_every_command_is_in_the_table() -> None:
    """A command that people are not told of is of no use to them."""
    told = set(re.findall(r"^\| `cutoutd ([\w-]+)", README, re.MULTILINE))
    assert told == set(get_command(app).commands)  # type: ignore[attr-defined]  the top one is a group


def test_every_exit_code_is_told() -> None:
    """Scripts rely on the README's numbers."""
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode}
