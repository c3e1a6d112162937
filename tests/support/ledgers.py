"""A real ledger for tests, and photos brought to any state by the facts that lead there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event, select

from cutoutd.core.photo import (
    Accepted,
    Dismissed,
    Fact,
    Failed,
    Identity,
    Photo,
    Published,
    Rejected,
    RemovalFinished,
    RemovalIntended,
    RemovalStarted,
    State,
    Superseded,
    Uploaded,
)
from cutoutd.core.photo.photo import COLUMNS
from cutoutd.files.input_tree import stat_file
from cutoutd.ledger import Ledger, ReadTransaction, open_ledger
from cutoutd.ledger.schema import tables
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.sqlite.database import open_database

T = TypeVar("T")

ACCEPTED = Accepted(
    sha256="5" * 64, width=60, height=40, orientation=1, parameters="{}", output="/out", target="", note=None
)
REJECTED = Rejected("empty", "it is empty (0 bytes)", "Copy it again.")
FAILED = Failed("unknown_foreground", "no foreground was found", "Take another photo.")
SUPERSEDED = Superseded("changed", "it was changed", "")

#: The way of a photo for which all goes well, behind ``accepted``.
_WAY: tuple[Fact, ...] = (
    Uploaded("source-uuid"),
    RemovalIntended(),
    RemovalStarted("request-id"),
    RemovalFinished("result-uuid"),
    Published(cutout_sha256="c" * 64, cutout_bytes=1000, target="a.png", note=None),
)
_BRANCHES: dict[State, Fact] = {State.FAILED: FAILED, State.SUPERSEDED: SUPERSEDED}


def identity(path: str = "a.jpg", **others: object) -> Identity:
    """One version of a photo that exists on no disk."""
    values = {"folder": "products", "size_bytes": 1000, "mtime_ns": 1, "ctime_ns": 1, "inode": 7}
    return Identity(path=path, **(values | others))


def identity_of(root: Path, path: str) -> Identity:
    """The version of a file that is there now."""
    found = stat_file(root, path)
    assert found is not None
    return Identity("products", path, found.size_bytes, found.mtime_ns, found.ctime_ns, found.inode)


def with_ledger(state_dir: Path, scene: Callable[[Ledger], Awaitable[T]]) -> T:
    """What the scene answers, played on the ledger in this folder."""

    async def play() -> T:
        async with open_ledger(state_dir, retry_after_s=0.01) as ledger:
            return await scene(ledger)

    return asyncio.run(play())


async def photo_at(ledger: Ledger, state: State, who: Identity | None = None, accepted: Accepted = ACCEPTED) -> Photo:
    """A photo that is newly found and brought to this state, fact by fact."""
    photo = await ledger.discover(who or identity())
    assert photo is not None
    if state is State.REJECTED:
        return await ledger.record(photo, REJECTED)
    if state is State.DISMISSED:
        return await ledger.record(await ledger.record(photo, FAILED), Dismissed())
    if state is State.DISCOVERED:
        return photo
    path = photo.identity.path
    # Every photo another picture: two of one picture would be twins, of which only one may be paid for.
    accepted = replace(accepted, sha256=accepted.sha256[:-8] + f"{photo.id:08x}") if accepted is ACCEPTED else accepted
    photo = await ledger.accept(photo, accepted, [f"{path.rpartition('.')[0]}.png", f"{path}.png"])
    if state in _BRANCHES:
        return await ledger.record(photo, _BRANCHES[state])
    for fact in _WAY:
        if photo.state is state:
            break
        assert photo.bound.target is not None
        photo = await ledger.record(
            photo, replace(fact, target=photo.bound.target) if isinstance(fact, Published) else fact
        )
    return photo


def in_database(state_dir: Path, statement: str) -> None:
    """Do something to the database that no code of ours would, such as forbidding it to write."""
    engine = open_database(state_dir)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()


def state_of(ledger: ReadTransaction, path: str) -> list[State]:
    """The states of all versions of a path, oldest first."""
    return [photo.state for photo in versions_of(ledger, path)]


def with_columns(photo: Photo, **values: object) -> Photo:
    """The photo with these values; each goes by the name of its column in the ledger."""
    groups: dict[str | None, dict[str, Any]] = {}
    for column, value in values.items():
        group, attribute = COLUMNS[column]
        groups.setdefault(group, {})[attribute] = value
    own = groups.pop(None, {})
    return replace(photo, **own, **{group: replace(getattr(photo, group), **inner) for group, inner in groups.items()})


def versions_of(ledger: ReadTransaction, path: str) -> list[Photo]:
    """Every version of a path, in any folder, oldest first."""
    rows = ledger.execute(select(tables.photos).where(tables.photos.c.path == path).order_by(tables.photos.c.id))
    return [photo_from(row) for row in rows]


async def now(ledger: Ledger, photo: Photo) -> Photo:
    """The photo as it is now; it is the only version of its path."""
    (found,) = await ledger.query(versions_of, photo.identity.path)
    return found


def plan_of(view: ReadTransaction, question: Callable[[ReadTransaction], object]) -> str:
    """How SQLite would answer what the question asks."""
    plans: list[str] = []

    def explain(_connection: Connection, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401  the driver's own
        plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

    event.listen(Engine, "before_cursor_execute", explain)
    question(view)
    event.remove(Engine, "before_cursor_execute", explain)
    return "\n".join(plans)
