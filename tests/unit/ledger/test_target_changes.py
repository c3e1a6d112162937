"""A target that its disk refused: the path gets another one, once, and no other path loses its own."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from cutoutd.core.errors import RejectedError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.ledger.schema import tables
from cutoutd.ledger.writes import targets
from support.ledgers import identity, photo_at, with_ledger

SAFER = ["a.2.png", "a.3.png"]


async def replaced(ledger: Ledger, path: str, safer: Sequence[str], output: str = "/out", **others: object) -> str:
    who = identity(path, **others)
    return await ledger._write(lambda tx: targets.replace_target(tx, who, output, safer))


async def reserved(ledger: Ledger) -> set[tuple[str, str, str, str]]:
    """Who has which target in which output."""
    c = tables.targets.c
    rows = await ledger.query(lambda tx: tx.execute(select(c.folder, c.path, c.output, c.target)).all())
    return {(row.folder, row.path, row.output, row.target) for row in rows}


def test_a_refused_target_is_given_up_for_a_safer_one(tmp_path: Path) -> None:
    """The first one that is free; the refused name is free again, and another call changes nothing."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
        assert (await ledger.files.replace_target(photo, SAFER)).bound.target == "a.2.png"
        assert await replaced(ledger, "a.jpg", SAFER) == "a.2.png"
        assert await replaced(ledger, "a.jpg", [*reversed(SAFER)]) == "a.2.png"
        assert await reserved(ledger) == {("products", "a.jpg", "/out", "a.2.png")}

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("path", "output", "folder"),
    [("b.jpg", "/out", "products"), ("a.jpg", "/other", "products"), ("a.jpg", "/out", "people")],
)
def test_a_replaced_target_is_that_of_one_path_alone(tmp_path: Path, path: str, output: str, folder: str) -> None:
    """Other paths, the same path in another output, and that of another folder keep theirs."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
        kept = await replaced(ledger, path, ["kept.png"], output, folder=folder)
        assert await replaced(ledger, "a.jpg", SAFER) == "a.2.png"
        assert await reserved(ledger) == {
            (folder, path, output, kept),
            ("products", "a.jpg", "/out", "a.2.png"),
        }

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("taken", ["a.2.png", "A.2.PNG", "a.2.png/below.png"])
def test_a_safer_target_that_another_path_has_is_not_taken(tmp_path: Path, taken: str) -> None:
    """Nor one that is a folder of its cutouts; without a free one the path keeps what it had."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.ACCEPTED, identity("a.jpg"))
        await replaced(ledger, "b.jpg", [taken])
        with pytest.raises(RejectedError, match="in /out belongs to another photo or file") as refusal:
            await replaced(ledger, "a.jpg", ["a.2.png"])
        assert refusal.value.code == "target_taken"
        assert refusal.value.advice == "Rename the photo, or set on_conflict: rename for its folder."
        assert ("products", "a.jpg", "/out", "a.png") in await reserved(ledger)
        assert await replaced(ledger, "a.jpg", SAFER) == "a.3.png"

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("taken", "wanted", "expected"),
    [
        ("a", "a/b/c.png", "z.png"),
        ("a/b", "a/b/c.png", "z.png"),
        ("a/b/c.png", "a", "z.png"),
        ("a/b/c.png", "a/b", "z.png"),
        ("a0", "a", "a"),  # no folder of it, although "0" comes behind "/"
        ("a.b/c", "a", "a"),
        ("b", "a/b/c.png", "a/b/c.png"),
        ("a/b/c", "a/b/c.png", "a/b/c.png"),
        ("a/b/c.png", "a/b/d.png", "a/b/d.png"),
    ],
)
@pytest.mark.parametrize("choice", [0, 1], ids=["first choice", "second choice"])
def test_a_place_is_taken_by_what_lies_above_or_below_it(
    tmp_path: Path, taken: str, wanted: str, expected: str, choice: int
) -> None:
    """At any depth, and for any choice; a name that only begins alike is another place."""

    async def scene(ledger: Ledger) -> None:
        await replaced(ledger, "1.jpg", [taken])
        choices = [*[taken] * choice, wanted, "z.png"]
        assert await replaced(ledger, "2.jpg", choices) == expected
        assert await replaced(ledger, "3.jpg", [wanted], "/other") == wanted

    with_ledger(tmp_path, scene)
