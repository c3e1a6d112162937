"""Launches whose answer was lost: kept with all that is known of each, until what they made is found."""

from pathlib import Path

import pytest

from cutoutd.core.photo import (
    Fact,
    LaunchOutcomeUnknown,
    LaunchRefused,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    RemovalLocked,
    RemovalStarted,
    ResultFound,
    State,
)
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import lost_launches
from cutoutd.ledger.writes import launches
from support.ledgers import photo_at, with_ledger

LOST = LaunchResponseLost(1.0, "api.test sent nothing for 120 s")


async def lost_launches_of(ledger: Ledger, photo: Photo) -> list[str]:
    return [launch.lost_because for launch in await ledger.query(lost_launches.lost_launches_of, photo.id)]


def test_each_lost_launch_is_kept(tmp_path: Path) -> None:
    """A launch that is answered is not lost; those before it stay what they are, and count as spent."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (
            LOST,
            LaunchOutcomeUnknown(1.0),
            RemovalIntended(),
            LOST,
            LaunchOutcomeUnknown(1.0),
            RemovalIntended(),
        ):
            photo = await ledger.record(photo, fact)
        await ledger.record(photo, RemovalStarted("request-3"))
        assert await lost_launches_of(ledger, photo) == [LOST.lost_because] * 2
        assert await ledger.query(lost_launches.lost_launches) == 2

    with_ledger(tmp_path, scene)


def test_what_is_found_is_not_lost(tmp_path: Path) -> None:
    """A result that was found without its answer settles the launch."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        photo = await ledger.record(await ledger.record(photo, LOST), ResultFound("result"))
        assert await ledger.query(lost_launches.lost_launches) == 0
        assert photo.launch.unclear_since_s is None

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize("before", [(LOST, LaunchOutcomeUnknown(1.0), RemovalIntended()), ()], ids=["ours", "nobodys"])
def test_a_locked_launch_counts_once(tmp_path: Path, before: tuple[Fact, ...]) -> None:
    """A call refused with 409 is given back where the one that runs was counted, and stands for it where none was."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (*before, RemovalLocked(2.0)):
            photo = await ledger.record(photo, fact)
        spent = await ledger.query(launches.launch_counts, photo.state_at_s)
        assert (spent.today, await ledger.query(lost_launches.lost_launches)) == (1, 1)
        assert photo.launch.locked_since_s == 2.0

    with_ledger(tmp_path, scene)


def test_a_refusal_after_a_loss_leaves_the_loss(tmp_path: Path) -> None:
    """A launch that was definitely refused is given back, and not the lost one before it."""

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.REMOVAL_INTENDED)
        for fact in (LOST, LaunchOutcomeUnknown(1.0), RemovalIntended(), LaunchRefused()):
            photo = await ledger.record(photo, fact)
        assert await lost_launches_of(ledger, photo) == [LOST.lost_because]
        assert (await ledger.query(launches.launch_counts, photo.state_at_s)).today == 1

    with_ledger(tmp_path, scene)
