"""What is said of batches that wait for a person."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from cutoutd.config.settings import Price
from cutoutd.core.errors import UnapprovedError
from cutoutd.core.photo import State
from cutoutd.ledger import ChangeFlag, Ledger
from cutoutd.pipeline.backoff import backoff
from cutoutd.pipeline.scheduling.release_held import HeldReleaser
from support.fakes.unlimited_budget import unlimited_budget
from support.ledgers import identity, photo_at, with_ledger


class NoWorkers:
    """Workers that have nothing to do."""

    def wake_all(self) -> None:
        """Do nothing."""


async def hold(ledger: Ledger, names: Sequence[str]) -> None:
    for name in names:
        photo = await photo_at(ledger, State.ACCEPTED, identity(name))
        await ledger.postpone(photo, backoff(UnapprovedError("too many"), 0, 0.0))


def test_a_batch_that_follows_an_approval_at_once_is_told_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No look came between; a batch that only grows is no news."""
    caplog.set_level(logging.WARNING)

    async def scene(ledger: Ledger) -> None:
        budget = unlimited_budget(ledger, tmp_path, confirm_over=1)
        releaser = HeldReleaser(budget, cast("Any", NoWorkers()), ChangeFlag(ledger), Price())
        told = []
        for names in (["a.jpg", "b.jpg"], ["c.jpg"]):
            await hold(ledger, names)
            await releaser.look()
            told.append(len(caplog.records))
        await ledger.waits.approve(identity("a.jpg").folder, None)
        await hold(ledger, ["d.jpg", "e.jpg"])
        await releaser.look()
        assert [*told, len(caplog.records)] == [1, 1, 2]

    with_ledger(tmp_path, scene)
