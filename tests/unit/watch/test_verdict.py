"""The verdict on a tree with missing photos, case by case."""

import pytest

from cutoutd.watch.availability.snapshot import MountedPart
from cutoutd.watch.availability.verdict import Observation, UnavailableReason, unavailable_reason

SHARE = MountedPart("", "/srv/in", 50)
RENUMBERED = MountedPart("", "/srv/in", 51)
BARE = MountedPart("", "/", 8)
CARD = MountedPart("card", "/srv/in/card", 60)


def evidence(**others: int | bool) -> Observation:
    """Five photos are gone, one of them unfinished, and nothing else is there."""
    values = {"missing": 5, "is_familiar": False, "is_at_stake": True, "has_others": False, "is_place_there": True}
    return Observation(**(values | others))  # type: ignore[arg-type]  the test names fields of either kind


@pytest.mark.parametrize("now", [SHARE, RENUMBERED, BARE, None])
def test_one_known_photo_is_enough_to_believe_the_rest(now: MountedPart | None) -> None:
    """Device numbers change at a restart; a photo that is there shows that its tree is."""
    assert unavailable_reason(SHARE, now, evidence(is_familiar=True)) is None


@pytest.mark.parametrize("others", [{}, {"has_others": True}, {"is_at_stake": False, "has_others": True}])
def test_an_unmounted_share_is_waited_for_whatever_lies_beneath(others: dict[str, bool]) -> None:
    """Also stray photos on the bare mount point, and a folder of which all is published, change nothing."""
    assert unavailable_reason(SHARE, BARE, evidence(**others)) is UnavailableReason.NOT_MOUNTED


def test_a_share_mounted_over_known_photos_hides_them() -> None:
    """They are not gone."""
    assert unavailable_reason(BARE, SHARE, evidence(has_others=True)) is UnavailableReason.ANOTHER_DEVICE


def test_another_disk_is_accepted_with_its_first_photo_while_nothing_is_at_stake() -> None:
    """A person replaced it; but unfinished photos of the old one are waited for."""
    assert unavailable_reason(SHARE, RENUMBERED, evidence(has_others=True, is_at_stake=False)) is None
    assert unavailable_reason(SHARE, RENUMBERED, evidence(has_others=True)) is UnavailableReason.ANOTHER_DEVICE
    assert unavailable_reason(SHARE, RENUMBERED, evidence(is_at_stake=False)) is UnavailableReason.ANOTHER_DEVICE


def test_where_nothing_was_known_nothing_is_missed() -> None:
    """A share mounted after the first start is simply taken."""
    assert unavailable_reason(BARE, SHARE, evidence(missing=0, is_at_stake=False)) is None


def test_all_of_several_gone_at_once_is_no_removal() -> None:
    """A server without its disk shows an empty share of the same number."""
    assert unavailable_reason(SHARE, SHARE, evidence()) is UnavailableReason.ALL_GONE


@pytest.mark.parametrize("sign", [{"missing": 1}, {"has_others": True}, {"is_at_stake": False}])
def test_what_ends_the_wait_for_an_emptied_tree(sign: dict[str, int]) -> None:
    """A single photo was removed; a new one shows that the tree is alive; nothing at stake makes it a mere emptying."""
    assert unavailable_reason(SHARE, SHARE, evidence(**sign)) is None


def test_a_nested_mount_is_waited_for_until_its_mount_point_is_removed() -> None:
    """And even then while something of it is at stake."""
    assert unavailable_reason(CARD, None, evidence(is_at_stake=False)) is UnavailableReason.NOT_MOUNTED
    assert unavailable_reason(CARD, None, evidence(is_at_stake=False, is_place_there=False)) is None
    assert unavailable_reason(CARD, None, evidence(is_place_there=False)) is UnavailableReason.NOT_MOUNTED
