"""The order to wait no longer for a removal that hangs."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import GiveUpCommand
from cutoutd.control.retry import fact_after
from cutoutd.core.photo import Photo, RetryUpload, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos
from support.folders import folder_in
from support.ledgers import ACCEPTED, identity, photo_at, versions_of, with_ledger

PICTURE = replace(ACCEPTED, sha256="7" * 64)


def test_a_hung_removal_is_given_up_and_its_copy_goes_on(tmp_path: Path) -> None:
    """A dry run tells what it may cost and changes nothing; then the photo fails, and a retry sends it again."""
    woken: list[Photo] = []

    async def scene(ledger: Ledger) -> None:
        executor = CommandExecutor(ledger, [folder_in(tmp_path)], woken.append)
        hung = await photo_at(ledger, State.REMOVAL_STARTED, identity("hung.jpg"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity("copy.jpg"), PICTURE)
        wait = Wait(WaitKind.DUPLICATE, time.time() + 3600, 0, "it is under way", for_photo=hung.id)
        copy = await ledger.postpone(copy, wait)
        command = GiveUpCommand(("products/hung.jpg",))
        told = await executor.execute(replace(command, dry_run=True))
        assert (told.is_done, told.payable, woken) == (False, 1, [])
        assert told.done[0] == "1 photo is to be given up"
        assert await ledger.query(photos.count, {State.REMOVAL_STARTED}) == 1
        done = await executor.execute(command)
        assert done.done[0] == "1 photo is given up"
        (failed,) = await ledger.query(versions_of, "hung.jpg")
        assert (failed.state, failed.ending.code) == (State.FAILED, "given_up")
        assert isinstance(fact_after(failed, "{}"), RetryUpload)
        due = await ledger.query(photos.due, {State.ACCEPTED}, time.time(), 9)
        assert [photo.id for photo in due] == [copy.id] == [photo.id for photo in woken]

    with_ledger(tmp_path, scene)


def test_only_removals_that_may_run_are_given_up(tmp_path: Path) -> None:
    """A photo before its launch or with a result is left alone; so is a name that the ledger does not know."""

    async def scene(ledger: Ledger) -> None:
        executor = CommandExecutor(ledger, [folder_in(tmp_path)], lambda _: None)
        await photo_at(ledger, State.UPLOADED, identity("a.jpg"))
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("b.jpg"))
        result = await executor.execute(GiveUpCommand(("products/a.jpg", "products/b.jpg", "products/c.jpg")))
        assert len(result.refused) == 3
        assert await ledger.query(photos.count, {State.FAILED}) == 0

    with_ledger(tmp_path, scene)


def test_an_order_by_an_absolute_path_asks_no_share_in_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links on the way to the photo are followed in threads, because a share that hangs would stop all of cutoutd."""
    askers: list[threading.Thread] = []
    follow = os.path.realpath

    def noted(path: Path) -> str:
        askers.append(threading.current_thread())
        return follow(path)

    async def scene(ledger: Ledger) -> None:
        executor = CommandExecutor(ledger, [folder_in(tmp_path)], lambda _: None)
        await photo_at(ledger, State.REMOVAL_STARTED, identity("hung.jpg"), PICTURE)
        monkeypatch.setattr(os.path, "realpath", noted)
        result = await executor.execute(GiveUpCommand((str(folder_in(tmp_path).input / "hung.jpg"),)))
        monkeypatch.undo()
        assert result.done[0] == "1 photo is given up"

    with_ledger(tmp_path, scene)
    assert askers
    assert threading.main_thread() not in askers
