"""Trouble while the cutouts of removed photos are deleted: nothing is lost by it, and a later walk goes on."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import LedgerError, TreeUnavailableError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner, _delete_cutout
from cutoutd.watch.availability.monitor import FolderAvailability
from support.estates import Estate, Play, play_in
from support.folders import folder_in, folders_of
from support.ledgers import with_ledger


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return play_in(tmp_path)


def test_a_cutout_that_cannot_be_deleted_stays_and_is_told(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its disk is read-only: the photo is not taken for gone, and the next walk tries again."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", refuse)
            await estate.walk()
        assert "a.png" in estate.cutouts()
        (told,) = [record for record in caplog.records if record.action == "withdrawal_trouble"]
        cutout = estate.folder.output / "a.png"
        sentence = f"{cutout} cannot be deleted: Read-only file system"
        assert (told.levelname, sentence in told.getMessage()) == ("WARNING", True)
        await estate.walk()
        assert "a.png" not in estate.cutouts()

    play(scene)


def test_nothing_is_deleted_in_an_output_that_does_not_answer(play: Play, tmp_path: Path) -> None:
    """Its share hangs: no further call goes there, and the next walk looks again."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        with pytest.raises(TreeUnavailableError):
            await calls_to(estate.folder.output).within(0.05, pipe.read_bytes)
        await estate.walk()
        assert "a.png" in estate.cutouts()
        pipe.write_bytes(b"")  # the hung call returns
        while "a.png" in estate.cutouts():
            await estate.walk()

    play(scene)


def test_the_walk_goes_on_after_trouble(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the ledger is a warning; a later walk does what that one did not."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "a.jpg").unlink()
        await estate.walk()
        (estate.folder.input / "b.jpg").unlink()
        query, refusals = estate.ledger.query, iter([LedgerError("it is locked")])

        async def refuse_once(*args: Any, **options: Any) -> object:  # noqa: ANN401  as the ledger's own
            if (error := next(refusals, None)) is not None:
                raise error
            return await query(*args, **options)

        monkeypatch.setattr(estate.ledger, "query", refuse_once)
        walking = asyncio.create_task(estate.withdrawal.run())
        async with asyncio.timeout(60):
            while "b.png" in estate.cutouts():
                await asyncio.sleep(0.01)
                await estate.survey_twice()
        walking.cancel()
        told = [(record.action, record.levelname) for record in caplog.records if "locked" in record.getMessage()]
        assert told == [("withdrawal_postponed", "WARNING")]

    play(scene)


def test_no_walk_is_made_if_no_folder_wants_it(tmp_path: Path) -> None:
    """It ends at once, so that nothing is read for it."""

    async def scene(ledger: Ledger) -> None:
        folders = folders_of(folder_in(tmp_path))
        walk = RemovedSourceCleaner(ledger, folders, FolderAvailability(ledger, folders), interval_s=3600)
        await asyncio.wait_for(walk.run(), 60)

    with_ledger(tmp_path, scene)


def test_a_source_that_is_back_keeps_its_cutout(play: Play) -> None:
    """The last look is in the very call that would delete it."""

    async def scene(estate: Estate) -> None:
        (photo, *_) = await estate.ledger.query(photos.at_state, {State.PUBLISHED}, 9)
        assert _delete_cutout(photo, estate.folder) is False
        assert estate.cutouts() == ["a.png", "b.png", "c.png"]

    play(scene)


def test_a_cutout_that_a_person_carried_away_is_not_taken_for_deleted(play: Play) -> None:
    """With its folder: the photo stays published, and nothing is said of it."""

    async def scene(estate: Estate) -> None:
        (estate.folder.input / "sub").mkdir()
        (estate.folder.output / "sub").mkdir()
        photo = await estate.publish("sub/d.jpg")
        (estate.folder.output / "sub" / "d.png").unlink()
        (estate.folder.output / "sub").rmdir()
        (estate.folder.input / "sub" / "d.jpg").unlink()
        await estate.walk()
        await estate.walk()
        last = (await estate.ledger.query(photos.history, "sub/d.jpg", 9))[-1]
        assert (photo.state, last.to_state) == (State.PUBLISHED, "published")

    play(scene)
