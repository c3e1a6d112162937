"""The writes of one photo take few statements, and a prepared statement never stores less than it should."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, event, update
from sqlalchemy.dialects import sqlite

from cutoutd.core.photo import (
    Photo,
    Published,
    RemovalFinished,
    RemovalStarted,
    State,
    Uploaded,
    Wait,
    WaitKind,
    require_value,
)
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.schema.tables import photos
from cutoutd.ledger.sqlite.transactions import Prepared
from support.ledgers import ACCEPTED, identity

#: The seven writes of one photo without webhooks, limits and duplicates; BEGIN and COMMIT do not count.
MAX_STATEMENTS = 24


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that SQLite runs in connections made from now on."""
    seen: list[str] = []

    def watch(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own
        connection.set_trace_callback(seen.append)

    event.listen(Engine, "connect", watch)
    yield seen
    event.remove(Engine, "connect", watch)


async def publish(ledger: Ledger, usage: UsageCounter, path: str, sha256: str) -> Photo:
    """Bring a photo to its end, with the operations that are counted on its way."""
    photo = require_value(await ledger.discover(identity(path)))
    photo = await ledger.accept(photo, replace(ACCEPTED, sha256=sha256), [f"{path}.png"])
    usage.count(Purpose.UPLOAD, 1)
    photo = await ledger.record(photo, Uploaded(f"source of {path}"))
    usage.count(Purpose.OTHER, 1)
    photo = await ledger.record_launch_intent(photo, None)
    usage.count(Purpose.LAUNCH, 1)
    photo = await ledger.record_until_stored(photo, RemovalStarted(f"request of {path}"), Wait(WaitKind.POLL, 5.0))
    usage.count(Purpose.POLL, 1)
    photo = await ledger.record_until_stored(photo, RemovalFinished(f"result of {path}"))
    return await ledger.record(photo, Published("c" * 64, 1000, require_value(photo.bound.target), note=None))


def test_a_photo_takes_few_statements(tmp_path: Path, statements: list[str]) -> None:
    """The first one warms up; a look-up that can find nothing is not made."""

    async def scene() -> list[str]:
        usage = UsageCounter()
        async with open_ledger(tmp_path, usage) as ledger:
            await publish(ledger, usage, "first.jpg", "1" * 64)
            statements.clear()
            photo = await publish(ledger, usage, "second.jpg", "2" * 64)
            assert photo.state is State.PUBLISHED
            return list(statements)

    seen = asyncio.run(scene())
    assert sum(statement.startswith("BEGIN") for statement in seen) == 7
    counted = [statement for statement in seen if not statement.startswith(("BEGIN", "COMMIT"))]
    assert len(counted) <= MAX_STATEMENTS, "\n".join(counted)


def test_a_missing_value_is_refused() -> None:
    """It would become NULL, and a wrong one would be a lost fact; constants of the statement need no value."""
    prepared = Prepared(
        update(photos).where(photos.c.id == bindparam("photo_id")).values(path="p\udcff", wait_for=None)
    )
    dialect = sqlite.dialect()
    assert prepared.bind({"photo_id": 7}, dialect)[1] == ["p\U0010ffff", None, 7]
    with pytest.raises(KeyError, match="photo_id"):
        prepared.bind({}, dialect)
