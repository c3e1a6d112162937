"""A ledger of any earlier version becomes what a new one is."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from cutoutd.ledger.schema import migrations
from cutoutd.ledger.schema import tables as tables_schema
from cutoutd.ledger.sqlite.database import open_database

#: What stands in ledgers that people have. A digest that no longer fits means that a published step was edited.
_PUBLISHED = {
    1: "0223aefa4c6fc4d0cbf44c0c03842c07922ec75e4d078dfa6809d93cef671aff",
    2: "8248d64f125569c50e4de70f84bdd729873eeb11fea8b66a40a3cd68f071ad04",
}


def made(file: Path, make: Callable[[Connection], None]) -> Engine:
    """A ledger file filled by ``make``."""
    engine = open_database(file.parent, file.name)
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        make(connection)
    return engine


def shape(file: Path) -> dict[str, set[tuple[object, ...]]]:
    """Tables with their columns, in any order, and indexes with what they say."""
    with closing(sqlite3.connect(file)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, set[tuple[object, ...]]] = {
            name: {tuple(row)[1:] for row in database.execute(f'PRAGMA table_info("{name}")')} for name in tables
        }
        indexes = database.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'")
        found["indexes"] = set(indexes)
        return found


@pytest.mark.parametrize("seen", range(1, migrations.NEWEST + 1))
def test_every_earlier_ledger_becomes_a_new_one(tmp_path: Path, seen: int) -> None:
    """Whatever steps a ledger has seen: afterwards it has the tables, columns and indexes of the newest schema."""
    old = made(tmp_path / "old.sqlite", lambda connection: migrations.carry_out(connection, range(1, seen + 1)))
    migrations.bring_up_to_date(old)
    old.dispose()
    made(tmp_path / "new.sqlite", tables_schema.metadata.create_all).dispose()
    assert shape(tmp_path / "old.sqlite") == shape(tmp_path / "new.sqlite")


@pytest.mark.parametrize("number", sorted(_PUBLISHED))
def test_a_published_step_is_never_edited(number: int) -> None:
    """Ledgers in the world have seen it as it is."""
    step = files("cutoutd.ledger.schema").joinpath("steps", f"{number}.sql").read_bytes()
    assert hashlib.sha256(step).hexdigest() == _PUBLISHED[number]
