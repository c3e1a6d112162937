"""Results that cannot be fetched are stored at Uploadcare in time, each once."""

import time
from pathlib import Path

import pytest

from cutoutd.core.errors import DiskError, UnreachableError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.pipeline.maintenance.result_retention import ResultKeeper
from support.fakes.fake_uploadcare import FakeUploadcare
from support.ledgers import identity, photo_at, with_ledger

AN_HOUR_S = 3600.0


def test_what_waits_for_an_hour_is_stored_once(tmp_path: Path) -> None:
    """Neither before, nor again, nor again after a restart; only known results that were not fetched count."""
    uploadcare = FakeUploadcare()

    async def first(ledger: Ledger) -> None:
        for state in (State.UPLOADED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED, State.PUBLISHED):
            await photo_at(ledger, state, identity(f"{state}.jpg"))
        retention = ResultKeeper(ledger, uploadcare)
        await retention.store_unfetched(time.time() + AN_HOUR_S - 60)
        assert uploadcare.calls == []
        await retention.store_unfetched(time.time() + AN_HOUR_S + 60)
        await retention.store_unfetched(time.time() + AN_HOUR_S + 120)

    async def second(ledger: Ledger) -> None:
        await ResultKeeper(ledger, uploadcare).store_unfetched(time.time() + 2 * AN_HOUR_S)

    with_ledger(tmp_path, first)
    with_ledger(tmp_path, second)
    assert uploadcare.calls == [("store_files", "result-uuid")]


def test_uploadcare_that_is_away_is_asked_again(tmp_path: Path) -> None:
    """A result that could not be stored now is stored later."""
    uploadcare = FakeUploadcare()
    uploadcare.fail("store_files", UnreachableError("no connection"))

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED)
        retention = ResultKeeper(ledger, uploadcare)
        with pytest.raises(UnreachableError):
            await retention.store_unfetched(time.time() + AN_HOUR_S + 60)
        await retention.store_unfetched(time.time() + AN_HOUR_S + 120)

    with_ledger(tmp_path, scene)
    assert uploadcare.count("store_files") == 2


def test_a_full_disk_does_not_repeat_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state folder's own disk may be the full one: what was stored is remembered until it can be recorded."""
    uploadcare = FakeUploadcare()

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED)
        retention = ResultKeeper(ledger, uploadcare)

        async def full(_uuids: object) -> None:
            raise DiskError("full")

        with monkeypatch.context() as disk:
            disk.setattr(ledger.files, "mark_kept", full)
            for _ in range(2):
                with pytest.raises(DiskError):
                    await retention.store_unfetched(time.time() + AN_HOUR_S + 60)
        await retention.store_unfetched(time.time() + AN_HOUR_S + 60)
        await ResultKeeper(ledger, uploadcare).store_unfetched(time.time() + AN_HOUR_S + 60)

    with_ledger(tmp_path, scene)
    assert uploadcare.count("store_files") == 1
