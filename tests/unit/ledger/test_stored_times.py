"""Every stored time has a rule: how far ahead it may be, where it is pulled back, and a row in docs/architecture.md."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import select

import cutoutd
from cutoutd.config.settings import Limits, NotifySettings
from cutoutd.core.errors import ThrottledError
from cutoutd.core.photo import State
from cutoutd.core.photo.longest_lead import REMEMBERED_LEADS_S, pulled_back
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.schema.tables import memory, metadata
from cutoutd.ledger.writes.clock_changes import HAPPENED
from cutoutd.monitoring.notifier import Notifier
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.step_runner import RunCounts
from support.ledgers import photo_at, with_ledger

SOURCES = Path(cutoutd.__file__).parent
ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"

#: Columns with rules of their own, and the times of people's files, which are only compared with the file.
AHEAD_BY_RULE = {"photos.wait_until_s", "launches.day", "operations.day"}
OF_FILES = {"photos.mtime_ns", "photos.ctime_ns"}


def time_columns() -> set[str]:
    columns = (column for table in metadata.tables.values() for column in table.columns)
    return {str(column) for column in columns if re.search(r"(_s|_ns|_at|_until|_since)$|^day$", column.name)}


def documented() -> set[str]:
    """The names in the first column of the table of stored times."""
    section = ARCHITECTURE.read_text().partition("\n## Stored times")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def remembered_keys(module: Path) -> Iterator[str]:
    """The first word of each key under which a module has something remembered."""
    text = module.read_text()
    for argument in re.findall(r'\.remember\((f?"\w+|\w+\(?)', text):
        if '"' in argument:
            yield argument.partition('"')[2]
        elif argument.endswith("("):
            (word,) = re.findall(rf'def {argument[:-1]}\(.*?return f"(\w+)', text, re.DOTALL)
            yield word
        elif argument != "transaction":
            name = ".".join(module.relative_to(SOURCES.parent).with_suffix("").parts)
            yield str(getattr(import_module(name), argument)).partition(" ")[0]


def test_every_time_column_has_a_rule() -> None:
    """A new column with a time is put among those that are pulled back, or has a rule of its own."""
    assert time_columns() == {str(column) for column in HAPPENED} | AHEAD_BY_RULE | OF_FILES


def test_every_remembered_value_has_a_rule() -> None:
    """A new key says which times are in its value, even if there are none."""
    found = {key for module in SOURCES.rglob("*.py") for key in remembered_keys(module)}
    assert found - {"key"} == set(REMEMBERED_LEADS_S)  # "key" is that of the ledger's own method


def test_every_stored_time_is_documented() -> None:
    """The table says of every column and every remembered time how far ahead it may be."""
    remembered = {
        " ".join(filter(None, ("memory", key, name))) for key, leads_s in REMEMBERED_LEADS_S.items() for name in leads_s
    }
    assert time_columns() | remembered <= documented()


def test_times_in_remembered_values_are_known_by_name(tmp_path: Path) -> None:
    """What the budget, the pause and the notifier really store has no time without a rule."""

    async def scene(ledger: Ledger) -> None:
        intended = await photo_at(ledger, State.REMOVAL_INTENDED)
        budget = Budget(ledger, Limits(), LaunchRate(600), tmp_path)
        await budget.refund(intended, ThrottledError("no more", retry_after_s=20))
        await PauseState(ledger).begin("holidays")
        await Notifier(ledger, CircuitBreaker(), RunCounts(), NotifySettings(command=("true",))).look()
        stored = await ledger.query(remembered_values)
        assert set(stored) == {"launch_rate", "pause", "told"}
        for key, value in stored.items():
            assert times_in(value) <= set(REMEMBERED_LEADS_S[key])

    with_ledger(tmp_path, scene)


def remembered_values(transaction: ReadTransaction) -> dict[str, str]:
    return {row.key: row.value for row in transaction.execute(select(memory)).all()}


def times_in(value: str) -> set[str]:
    return {name for name in re.findall(r'"(\w+)"', value) if name.endswith("_s")}


LATE_LIMIT = '{"open": {"limit:2036-01-01": %s, "halt:": null}}'
LESSON = '{"lesson": {"per_minute": 30000}, "learned_at_s": %s}'


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("clock", "2e9", "1000.0"),
        ("clock", "990.5", "990.5"),
        ("clock", "nonsense", "nonsense"),
        ("pause", "null", "null"),
        ("told", LATE_LIMIT % "2e9", LATE_LIMIT % "1000.0"),
        ("told", LATE_LIMIT % "90000.0", LATE_LIMIT % "90000.0"),
        ("launch_rate", LESSON % "2e9", LESSON % "1000.0"),
    ],
)
def test_only_times_too_far_ahead_are_changed(key: str, value: str, expected: str) -> None:
    """Each time has its own bound; other numbers, and what cannot be read, stay."""
    assert pulled_back(key, value, 1000.0) == expected
