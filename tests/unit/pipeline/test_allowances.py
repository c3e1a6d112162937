"""Allowances of a day or month: held back for photos that can use them, and for no others."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.errors import LimitReachedError
from cutoutd.core.photo import Photo, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.pipeline.budget.budget import Budget
from support.fakes.unlimited_budget import unlimited_budget
from support.ledgers import ACCEPTED, identity, photo_at, with_ledger

HELD = Wait(WaitKind.HELD, time.time() + 86_400, reason="per_day is reached")


def budget_of(ledger: Ledger, place: Path, *closed: str, per_day: int = 2) -> Budget:
    """A budget of a few launches a day; these folders are away or not configured."""
    (place / "out").mkdir(exist_ok=True)
    budget = unlimited_budget(ledger, place, per_day=per_day)
    budget.leave_out(lambda: closed)
    return budget


async def uploaded(ledger: Ledger, folder: str, number: int, wait: Wait | None = None) -> list[Photo]:
    """Photos of a folder that were sent and not launched."""
    found = [await photo_at(ledger, State.UPLOADED, identity(f"{n}.jpg", folder=folder)) for n in range(number)]
    return [await ledger.postpone(photo, wait) for photo in found] if wait else found


async def to_send(ledger: Ledger, place: Path) -> Photo:
    """A photo of the folder that works."""
    accepted = replace(ACCEPTED, output=str(place / "out"), sha256="b" * 64)
    return await photo_at(ledger, State.ACCEPTED, identity("mine.jpg", folder="shop"), accepted)


def test_a_folder_that_left_claims_no_launch(tmp_path: Path) -> None:
    """Its uploads could use an allowance only if it came back, so others take it."""

    async def scene(ledger: Ledger) -> None:
        await uploaded(ledger, "gone", 2)
        photo = await to_send(ledger, tmp_path)
        with pytest.raises(LimitReachedError):
            async with budget_of(ledger, tmp_path).claim(photo):
                pass
        async with budget_of(ledger, tmp_path, "gone").claim(photo):
            pass

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("kind", [WaitKind.UNAVAILABLE, WaitKind.PLACE, WaitKind.UNAPPROVED, WaitKind.DUPLICATE])
def test_what_may_wait_for_ever_claims_no_launch(tmp_path: Path, kind: WaitKind) -> None:
    """An upload whose file, place, approval or payer is missing keeps no allowance from others."""

    async def scene(ledger: Ledger) -> None:
        await uploaded(ledger, "shop", 2, Wait(kind, time.time() + 900, 1, "it waits"))
        async with budget_of(ledger, tmp_path).claim(await to_send(ledger, tmp_path)):
            pass

    with_ledger(tmp_path, scene)


def test_a_launch_that_is_free_again_goes_to_a_photo_that_can_use_it(tmp_path: Path) -> None:
    """Held photos of a folder that left come first by age, and are passed over."""

    async def scene(ledger: Ledger) -> None:
        await uploaded(ledger, "gone", 3, HELD)
        photo = await ledger.postpone(await to_send(ledger, tmp_path), HELD)
        assert await budget_of(ledger, tmp_path, "gone", per_day=1).release()
        due = await ledger.query(photo_queries.due, {State.ACCEPTED, State.UPLOADED}, time.time(), 9)
        assert [found.id for found in due] == [photo.id]

    with_ledger(tmp_path, scene)


def test_a_held_upload_gets_the_launch_that_it_claims(tmp_path: Path) -> None:
    """Its own claim does not keep it held when a launch was given back."""

    async def scene(ledger: Ledger) -> None:
        await uploaded(ledger, "shop", 1, HELD)
        assert await budget_of(ledger, tmp_path, per_day=1).release()
        assert await ledger.query(photo_queries.over_limit) == 0

    with_ledger(tmp_path, scene)
