"""A ledger that is taken away while it is open takes no more facts: no start would find them again."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cutoutd.core.errors import LedgerRemovedError
from cutoutd.ledger import Ledger
from cutoutd.ledger.sqlite import clean_shutdown
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.ledgers import identity, with_ledger


def removed(file: Path) -> None:
    file.unlink()


def moved(file: Path) -> None:
    file.rename(file.with_suffix(".old"))


def replaced(file: Path) -> None:
    """As a backup is put in place by hand, while cutoutd runs."""
    shutil.copy2(file, file.with_suffix(".backup"))
    file.with_suffix(".backup").replace(file)


@pytest.mark.parametrize("remove", [removed, moved, replaced], ids=lambda way: way.__name__)
def test_nothing_is_stored_in_a_file_that_is_gone(tmp_path: Path, remove: Callable[[Path], None]) -> None:
    """Each fact is refused, with advice; what stands in its place is not taken for what was closed in order."""

    async def scene(ledger: Ledger) -> None:
        await ledger.discover(identity())
        await asyncio.to_thread(remove, tmp_path / LEDGER_NAME)
        for _ in range(2):
            with pytest.raises(LedgerRemovedError, match="while cutoutd runs") as refusal:
                await ledger.discover(identity("b.jpg"))
        assert "rebuild" in refusal.value.advice
        assert ledger.trouble is refusal.value

    with_ledger(tmp_path, scene)
    assert not (tmp_path / clean_shutdown.MARKER_NAME).exists()


def test_a_ledger_behind_a_link_is_in_place(tmp_path: Path) -> None:
    """It may lie on another disk; that the name is a link takes nothing away."""
    (tmp_path / "state").mkdir()
    with_ledger(tmp_path, lambda ledger: ledger.discover(identity()))
    (tmp_path / "state" / LEDGER_NAME).symlink_to(tmp_path / LEDGER_NAME)
    with_ledger(tmp_path / "state", lambda ledger: ledger.discover(identity("b.jpg")))


def test_it_can_be_put_back(tmp_path: Path) -> None:
    """The same file in its place again is the ledger again."""

    async def scene(ledger: Ledger) -> None:
        file = tmp_path / LEDGER_NAME
        await asyncio.to_thread(moved, file)
        with pytest.raises(LedgerRemovedError):
            await ledger.discover(identity())
        await asyncio.to_thread(file.with_suffix(".old").rename, file)
        assert await ledger.discover(identity()) is not None
        assert ledger.trouble is None

    with_ledger(tmp_path, scene)
