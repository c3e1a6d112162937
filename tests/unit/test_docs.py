"""The lists of the documents, held against the code: commands, keys, codes, JSON forms, metrics, packages, states."""

import itertools
import json
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cutoutd import config
from cutoutd.app.check.finding import Finding
from cutoutd.cli import app
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.config.settings import Limits
from cutoutd.core.errors import HaltError, RejectionCode
from cutoutd.core.photo import State
from cutoutd.core.photo.states import TRANSITIONS
from cutoutd.core.photo.wait import WaitKind
from cutoutd.ledger import Event
from cutoutd.ledger.queries.monitoring import WaitCause
from cutoutd.status.status import read_status, status_as_json

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
SOURCES = ROOT / "daemon" / "cutoutd"
ARCHITECTURE, COMMANDS, CONFIGURATION, GLOSSARY, INSTALL, OPERATIONS = (
    (ROOT / "docs" / f"{name}.md").read_text()
    for name in ("architecture", "commands", "configuration", "glossary", "install", "operations")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def section(text: str, heading: str) -> str:
    """Return the text below a heading, up to the next one of its rank or above."""
    below = text.partition(f"\n{heading}\n")[2]
    return re.split(rf"\n#{{1,{heading.index(' ')}}} ", below, maxsplit=1)[0]


def words_in(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_every_command_is_in_the_table() -> None:
    """A command that people are not told of is of no use to them."""
    told = set(re.findall(r"^\| `cutoutd ([\w-]+)", COMMANDS, re.MULTILINE))
    assert told == set(get_command(app).commands)  # type: ignore[attr-defined]  the top one is a group


def test_every_option_is_told_with_its_command() -> None:
    """Each option stands in the row of its command; ``--config`` is told once for all."""
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  as above
        row = next(line for line in COMMANDS.splitlines() if line.startswith(f"| `cutoutd {name}"))
        parts = getattr(command, "commands", {name: command}).values()
        options = {word for part in parts for each in part.params for word in each.opts if word.startswith("--")}
        assert [option for option in options - {"--config"} if option not in row] == [], name


def test_every_exit_code_is_told() -> None:
    """Scripts rely on the numbers that are documented."""
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode}


def keys_of_model(schema: dict[str, Any], part: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield every key of the configuration; that of a list of sections ends with ``[]``."""
    for key, value in part.get("properties", {}).items():
        places = [value, value.get("items", {}), *value.get("anyOf", [])]
        parts = [schema["$defs"][place["$ref"].rpartition("/")[2]] for place in places if "$ref" in place]
        inner = [] if key == "folder_defaults" else [deep for deep in parts if "properties" in deep]
        path = f"{prefix}{key}" + ("[]" if "items" in value and inner else "")
        if not inner or key == "remove_bg":
            yield path
        for deep in inner:
            yield from keys_of_model(schema, deep, f"{path}.")


def test_every_key_of_the_configuration_is_in_a_table() -> None:
    """The tables have every key of the model, and no other."""
    schema = config.json_schema()
    told = re.findall(r"^\| `([a-z][\w.\[\]]+)` \|", CONFIGURATION, re.MULTILINE)
    assert sorted(told) == sorted(set(keys_of_model(schema, schema)))


def test_defaults_are_those_of_the_configuration(tmp_path: Path) -> None:
    """A configuration that says every default of the tables is one that says none."""
    rows = re.findall(r"^\| `([a-z][\w.\[\]]+)` \| `([^`]+)` \|", CONFIGURATION, re.MULTILINE)
    account: dict[str, Any] = {"public_key": "k"}
    folder: dict[str, Any] = {"name": "a", "input": "i", "output": "o"}
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"uploadcare": account, "folders": [folder]}))
    plain = config.load(file, {"UPLOADCARE_SECRET_KEY": "hush"})
    said: dict[str, Any] = {"uploadcare": account, "folders": [folder]}
    for path, default in rows:
        *sections, key = path.split(".")
        if "remove_bg" not in sections:
            # A pattern of a name is no YAML mapping.
            value = default if default.startswith("{stem}") else yaml.safe_load(default)
            (folder if sections[:1] == ["folders[]"] else said if not sections else said.setdefault(sections[0], {}))[
                key
            ] = value
    file.write_text(json.dumps(said))
    assert config.load(file, {"UPLOADCARE_SECRET_KEY": "hush"}) == plain
    assert len(rows) > 30


def test_every_rejection_code_is_told() -> None:
    """Each code of a rejected photo has a meaning and an advice."""
    assert set(RejectionCode) <= words_in(section(OPERATIONS, "## When a photo is not taken"))


def test_every_reason_of_a_halt_is_told() -> None:
    """Each reason for which nothing is sent has a meaning and an advice."""
    told = re.findall(r"^\| `(\w+)` \|", section(OPERATIONS, "### Why it is halted"), re.MULTILINE)
    assert sorted(told) == sorted(kind.reason for kind in HaltError.__subclasses__())


def test_every_kind_of_waiting_is_told() -> None:
    """The glossary has each kind that the ledger stores, and monitoring each cause."""
    assert set(WaitKind) <= words_in(section(GLOSSARY, "## Kinds of waiting"))
    assert set(WaitCause) <= words_in(section(OPERATIONS, "## Monitoring"))


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("status", status_as_json(read_status(Path("/nowhere"), Limits()))),
        ("history", ["order", *(field.name for field in fields(Event))]),
        ("check", [field.name for field in fields(Finding)]),
    ],
)
def test_json_keys_are_told(heading: str, keys: list[str]) -> None:
    """Every key of a JSON form stands below the name of its command."""
    assert set(keys) <= words_in(section(COMMANDS, f"### {heading}"))


@pytest.mark.parametrize(
    ("heading", "file"),
    [
        ("status", "status/status.py"),
        ("plan", "status/plan.py"),
        ("report", "status/report/export.py"),
        ("webhook list", "cli/webhook.py"),
    ],
)
def test_keys_written_by_the_code_are_told(heading: str, file: str) -> None:
    """Every key that the code spells out for a JSON form stands below the name of its command."""
    written = set(re.findall(r'^ +"([a-z_0-9]+)": ', (SOURCES / file).read_text(), re.MULTILINE))
    assert written
    assert written <= words_in(section(COMMANDS, f"### {heading}"))


def test_every_metric_is_told() -> None:
    """The table of metrics has every one, by the name that Prometheus sees, and no other."""
    code = "".join(file.read_text() for file in (SOURCES / "monitoring").glob("*.py"))
    told = re.findall(r"^\| `(cutoutd_\w+)`", OPERATIONS, re.MULTILINE)
    assert {re.sub("_(total|info)$", "", name) for name in told} == set(re.findall(r'"(cutoutd_\w+)"', code))


def test_packages_are_told_in_the_order_of_the_import_rule() -> None:
    """The table of packages is the import rule in words."""
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    told = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section(ARCHITECTURE, "## The layout"), re.MULTILINE)
    assert [re.findall(r"\w+", row) for row in told] == [re.findall(r"\w+", row) for row in contract if row[0] != "_"]
    packages = {file.parent.name for file in SOURCES.glob("*/__init__.py")}
    assert {name for row in told for name in re.findall(r"\w+", row)} == packages
    assert len(packages) == 15


def test_the_table_of_states_is_the_ledgers() -> None:
    """Each row names transitions that the ledger allows, and together they are all of them."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section(ARCHITECTURE, "## Facts and states"), re.MULTILINE)
    told = {
        (State(before), State(after))
        for befores, afters in rows
        for before, after in itertools.product(words_in(befores), words_in(afters))
    }
    assert told == {(before, after) for before, afters in TRANSITIONS.items() for after in afters}


def test_every_dependency_has_its_line() -> None:
    """Every package that is installed with cutoutd stands in the table with its reason."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["sandbox"], *(set(extras["model"]) - {"cutoutd[sandbox]"})]
    told = re.findall(r"^\| (?:\*\w+:\* )?([\w-]+) \|", section(ARCHITECTURE, "## Dependencies"), re.MULTILINE)
    assert {name.lower() for name in told} - {"package"} == {
        re.match(r"[\w-]+", line)[0].lower()  # type: ignore[index]  each begins with a name
        for line in needed
    }


def test_every_option_of_the_installer_is_told() -> None:
    """The installer's own help and the table have the same options."""
    script = (ROOT / "systemd" / "install.sh").read_text()
    known = set(re.findall(r"^#   (--[\w-]+)|^#   --\w+ DIR, (--\w+)", script, re.MULTILINE))
    told = set(re.findall(r"`(--[\w-]+)", section(INSTALL, "## Options of the installer")))
    assert {word for pair in known for word in pair if word} <= told
    assert told <= set(re.findall(r"--[\w-]+", script))


def test_the_story_is_quoted_as_it_is() -> None:
    """The step that `docs/architecture.md` quotes is the code's, word for word."""
    code = (SOURCES / "pipeline" / "photo_pipeline.py").read_text()
    told = re.findall(r"<!-- the story -->\n```python\n(.+)\n```\n<!-- end", ARCHITECTURE, re.DOTALL)
    assert [textwrap.indent(story, "    ") for story in told if "match photo.state" in story] != []
    assert all(textwrap.indent(story, "    ") in code for story in told)


def test_the_threat_model_names_tests_that_exist() -> None:
    """Each promise of `docs/security.md` is held by a test, and its rule for fail2ban fits the line of the log."""
    text = (ROOT / "docs" / "security.md").read_text()
    rows = [
        line for line in section(text, "## Who may be hostile").splitlines() if line.startswith("| ") and ".py" in line
    ]
    assert len(rows) >= 9
    for file, _, test in (
        named.partition("::") for row in rows for named in re.findall(r"`([\w/]+\.py(?:::\w+)?)`", row)
    ):
        assert f"def {test or 'test_'}" in (ROOT / "tests" / file).read_text()
    rule = re.search(r"failregex = (.+)<ADDR>\$", text)
    assert rule
    assert rule[1] in (SOURCES / "web" / "access" / "guard.py").read_text()


def test_what_people_see_is_what_the_code_says() -> None:
    """Slugs and sentences that are quoted in the table of faults stand in the code."""
    code = "".join(file.read_text() for file in SOURCES.rglob("*.py"))
    rows = [line.split(" | ") for line in section(OPERATIONS, "## What happens when").splitlines() if "::test_" in line]
    shown = {text.rpartition(": ")[2].strip(" …") for row in rows for text in words_in(row[2])}
    assert {text for text in shown if text not in code} == {"Watchdog timeout"}  # these are systemd's words
