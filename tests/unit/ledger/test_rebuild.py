"""Photos that are written into a ledger anew: what it knows is never contradicted, and a refusal is never silent."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import LedgerError
from cutoutd.core.photo import NO_WAIT, Photo, Reprocessed, State, Wait, WaitKind
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos
from cutoutd.ledger.recovery.rebuild import RestoredCutout, RestoredPhoto, restore
from support.ledgers import identity, in_database, photo_at, state_of, versions_of, with_ledger

MAKING = RestoredCutout("5" * 64, 60, 40, 1, "{}", "/out", "a.png", "c" * 64, 1000)
FOUND = RestoredPhoto(identity(), MAKING, reserved="a.png", published_at_s=1.0, is_source_there=True)


def nothing(_: ReadTransaction) -> None:
    """Asked nothing at the end."""


def photos_in(place: Path) -> list[Photo]:
    return with_ledger(place, lambda ledger: ledger.query(photos.at_state, set(State), 99))


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
    assert [photo.bound.target for photo in photos_in(tmp_path)] == ["a.png"]


def test_a_target_is_reserved_for_one_path(tmp_path: Path) -> None:
    """The first that says so has it, also where only upper case tells the two apart; a path keeps what it has."""
    shouting = replace(FOUND, identity=identity("A.JPG", inode=8), reserved="A.png")
    assert restore(tmp_path, [FOUND, shouting], nothing) == 2
    later = replace(FOUND, identity=identity(mtime_ns=9), making=replace(MAKING, sha256="6" * 64), reserved="z.png")
    assert restore(tmp_path, [later], nothing) == 1

    async def scene(ledger: Ledger) -> list[str | None]:
        return [
            (await photo_at(ledger, State.ACCEPTED, identity(path, mtime_ns=5))).bound.target
            for path in ("a.jpg", "A.JPG")
        ]

    assert with_ledger(tmp_path, scene) == ["a.png", "A.JPG.png"]


UNFINISHED = [state for state in State if state not in {State.PUBLISHED, State.SUPERSEDED}]


@pytest.mark.parametrize("state", UNFINISHED)
def test_a_photo_that_was_published_since_a_backup_is_not_unfinished(tmp_path: Path, state: State) -> None:
    """Its cutout is there and says so: nothing more is sent, and whoever waited for it goes on."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, state)
        same = replace(FOUND, making=replace(MAKING, sha256=photo.picture.sha256 or MAKING.sha256))
        twin = await photo_at(ledger, State.ACCEPTED, identity("twin.jpg"))
        if not state.is_terminal:
            await ledger.postpone(
                twin, Wait(WaitKind.DUPLICATE, time.time() + 3600, 0, "the same picture is under way", photo.id)
            )
        assert await asyncio.to_thread(restore, tmp_path, [same], nothing) == 1
        (now,) = await ledger.query(versions_of, "a.jpg")
        assert (now.state, now.cutout.sha256, now.ending.sentence, now.wait) == (
            State.PUBLISHED,
            "c" * 64,
            None,
            NO_WAIT,
        )
        assert await ledger.query(photos.due, UNFINISHED, time.time(), 9) == [twin]

    with_ledger(tmp_path, scene)


def test_what_is_not_that_very_photo_stays_as_it_is(tmp_path: Path) -> None:
    """Another content, other parameters, a source that is gone, or a cutout that is just being made anew."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_STARTED)
        same = replace(FOUND, making=replace(MAKING, sha256=photo.picture.sha256 or ""))
        other_way = replace(same, making=replace(same.making, parameters='{"type":"product"}'))
        gone = replace(same, is_source_there=False)
        assert await asyncio.to_thread(restore, tmp_path, [FOUND, other_way, gone], nothing) == 0
        published = await photo_at(ledger, State.PUBLISHED, identity("b.jpg"))
        anew = Reprocessed(parameters="{}", previous_parameters="{}", reprocess_started_s=1.0)
        await ledger.resume(published, anew, 1)
        making = replace(MAKING, sha256=published.picture.sha256 or "", target="b.png")
        again = replace(FOUND, identity=published.identity, making=making, reserved="b.png")
        assert await asyncio.to_thread(restore, tmp_path, [again], nothing) == 0
        assert await ledger.query(state_of, "a.jpg") == [State.REMOVAL_STARTED]
        assert await ledger.query(state_of, "b.jpg") == [State.ACCEPTED]

    with_ledger(tmp_path, scene)
