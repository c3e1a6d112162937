"""Photos that are written into a ledger anew: what it knows is never contradicted, and a refusal is never silent."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cutoutd.errors import LedgerError
from cutoutd.ledger import Ledger, questions
from cutoutd.ledger.restoring import Making, Restored, restore
from cutoutd.photo import Photo, State
from ledgers import identity, in_database, photo_at, state_of, with_ledger

MAKING = Making("5" * 64, 60, 40, 1, "{}", "/out", "a.png", "c" * 64, 1000)
FOUND = Restored(identity(), MAKING, reserved="a.png", published_at_s=1.0, is_source_there=True)


def nothing(_: Connection) -> None:
    """Asked nothing at the end."""


def photos_in(place: Path) -> list[Photo]:
    return with_ledger(place, lambda ledger: ledger.ask(questions.at_state, set(State), 99))


def test_a_refusing_ledger_is_not_one_that_knows_all(tmp_path: Path) -> None:
    """What it refuses for any reason of its own is told, and nothing is kept."""
    with_ledger(tmp_path, lambda ledger: photo_at(ledger, State.PUBLISHED, identity("other.jpg", inode=1)))
    in_database(tmp_path, "CREATE TRIGGER refuse BEFORE INSERT ON photos BEGIN SELECT RAISE(ABORT, 'full moon'); END")
    with pytest.raises(LedgerError, match="full moon"):
        restore(tmp_path, [FOUND], nothing)
    assert len(photos_in(tmp_path)) == 1


def test_of_several_cutouts_of_a_photo_the_first_is_taken(tmp_path: Path) -> None:
    """A copy of it, and one made with other parameters of the same version of the file, are known then."""
    copy = replace(FOUND, making=replace(MAKING, target="copy.png"))
    other = replace(FOUND, making=replace(MAKING, parameters='{"type":"product"}', target="other.png"))
    assert restore(tmp_path, [FOUND, copy, other], nothing) == 1
    assert restore(tmp_path, [FOUND, copy, other], nothing) == 0
    assert [photo.target for photo in photos_in(tmp_path)] == ["a.png"]


def test_a_target_is_reserved_for_one_path(tmp_path: Path) -> None:
    """The first that says so has it, also where only upper case tells the two apart; a path keeps what it has."""
    shouting = replace(FOUND, identity=identity("A.JPG", inode=8), reserved="A.png")
    assert restore(tmp_path, [FOUND, shouting], nothing) == 2
    later = replace(FOUND, identity=identity(mtime_ns=9), making=replace(MAKING, sha256="6" * 64), reserved="z.png")
    assert restore(tmp_path, [later], nothing) == 1

    async def scene(ledger: Ledger) -> list[str | None]:
        return [
            (await photo_at(ledger, State.ACCEPTED, identity(path, mtime_ns=5))).target for path in ("a.jpg", "A.JPG")
        ]

    assert with_ledger(tmp_path, scene) == ["a.png", "A.JPG.png"]


@pytest.mark.parametrize("state", [State.REMOVAL_STARTED, State.FAILED])
def test_a_photo_that_is_known_at_another_state_stays_there(tmp_path: Path, state: State) -> None:
    """The ledger that is there knows better."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state)
        same = replace(FOUND, making=replace(MAKING, sha256=photo.sha256 or ""))
        moved = replace(same, identity=identity(mtime_ns=2))
        assert restore(tmp_path, [same, moved, FOUND], nothing) == 0
        assert await ledger.ask(state_of, "a.jpg") == [state]

    with_ledger(tmp_path, scene)
