"""Who pays for photos of the same picture, and who waits for whom."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import UNTIL_SOMEBODY_ACTS_S, State, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import duplicates, photos
from support.ledgers import ACCEPTED, identity, photo_at, with_ledger

PICTURE = replace(ACCEPTED, sha256="7" * 64)
NOT_FOR_LONG = Wait(WaitKind.RETRY, 0.0, 1, "Uploadcare could not be reached")
AWAY = Wait(WaitKind.UNAVAILABLE, 0.0, 1, "its folder is no longer in the configuration")
HELD = Wait(WaitKind.UNAPPROVED, UNTIL_SOMEBODY_ACTS_S, 1, "its folder has more new photos than that")


@pytest.mark.parametrize("wait", [AWAY, HELD], ids=["away", "held"])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.UPLOADED])
def test_nobody_waits_for_an_unpaid_photo_that_may_never_go_on(tmp_path: Path, state: State, wait: Wait) -> None:
    """A folder that got another name in the configuration has its photos twice; the old ones are never paid for."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state, identity(folder="before"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        assert await ledger.query(duplicates.elected_payer, copy) == payer
        await ledger.postpone(
            copy, Wait(WaitKind.DUPLICATE, time.time() + 3600, 0, "the same picture is under way", for_photo=payer.id)
        )
        payer = await ledger.postpone(payer, wait)
        assert await ledger.query(duplicates.elected_payer, copy) is None
        assert await ledger.query(
            photos.due, {State.ACCEPTED}, time.time(), 9, skipped=photos.SkippedPhotos(folders={"before"})
        ) == [copy]

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("state", "wait"), [(State.UPLOADED, NOT_FOR_LONG), (State.REMOVAL_INTENDED, AWAY), (State.REMOVAL_STARTED, AWAY)]
)
def test_who_goes_on_by_itself_is_waited_for(tmp_path: Path, state: State, wait: Wait) -> None:
    """An upload that is tried again soon, and whatever may be paid for, wherever it is from."""

    async def scene(ledger: Ledger) -> None:
        payer = await photo_at(ledger, state, identity(folder="before"), PICTURE)
        copy = await photo_at(ledger, State.ACCEPTED, identity(), PICTURE)
        payer = await ledger.postpone(payer, wait)
        assert await ledger.query(duplicates.elected_payer, copy) == payer

    with_ledger(tmp_path, scene)
