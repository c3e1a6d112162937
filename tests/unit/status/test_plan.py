"""The sums of ``plan``: what costs, what limits hold back, how long it takes."""

from datetime import date

import pytest

from cutoutd.config.settings import Limits, Price
from cutoutd.ledger import LaunchCounts
from cutoutd.pipeline.budget.pricing import estimate
from cutoutd.status.plan import FolderDraft, Plan, PlannedOutcome, plan_as_json, price_plan

PRICE = Price.model_validate({"operations_per_removal": 60, "per_1000_operations": "0.5"})


def plan_of(fates: dict[PlannedOutcome, int], limits: Limits | None = None, spent: LaunchCounts | None = None) -> Plan:
    draft = FolderDraft("shop")
    for fate, number in fates.items():
        for _ in range(number):
            draft.note(fate)
    folders = (draft.finish(),)
    return Plan(folders, price_plan(folders, PRICE), limits or Limits(), spent, launches_per_minute=10.0)


def test_only_what_is_launched_costs() -> None:
    """Reuse, rejection and what was done before cost nothing; an upload that is there already is not sent again."""
    plan = plan_of(
        {
            PlannedOutcome.SEND: 20,
            PlannedOutcome.LAUNCH: 5,
            PlannedOutcome.REUSE: 7,
            PlannedOutcome.REJECT: 3,
            PlannedOutcome.PUBLISHED: 100,
        }
    )
    assert plan.removals == 25
    assert plan.bill == estimate(PRICE, uploads=20, removals=25)
    assert plan.minutes == pytest.approx(2.5)
    assert plan.held == 0


@pytest.mark.parametrize(
    ("per_day", "per_month", "held"), [(None, None, 0), (30, None, 5), (None, 40, 10), (30, 40, 10), (5, None, 25)]
)
def test_limits_hold_the_rest_back(per_day: int | None, per_month: int | None, held: int) -> None:
    """Of 25 removals those beyond the tighter limit wait; what was launched before counts, and never below nothing."""
    spent = LaunchCounts(day=date(2026, 11, 22), today=10, this_month=25, ahead=0)
    plan = plan_of({PlannedOutcome.SEND: 25}, Limits(per_day=per_day, per_month=per_month), spent)
    assert plan.held == held
    assert plan.minutes == pytest.approx((25 - held) / 10)


def test_a_batch_too_large_waits_for_a_person() -> None:
    """Photos that are accepted, free of charge or not, and not approved count; one too many holds all."""
    draft = FolderDraft("shop")
    for _ in range(3):
        draft.note(PlannedOutcome.SEND, is_new=True)
    draft.note(PlannedOutcome.REUSE, is_new=True)
    draft.note(PlannedOutcome.SEND)
    folder = draft.finish()
    for confirm_over, waiting in ((3, 4), (4, 0), (None, 0)):
        limits = Limits(confirm_over=confirm_over)
        assert Plan((folder,), price_plan([folder], PRICE), limits, None, 600.0).waiting_for_approval(folder) == waiting


def test_a_plan_for_a_million_photos_stays_small() -> None:
    """Of each reason a few examples are kept, and all are counted, the most frequent first."""
    draft = FolderDraft("shop")
    draft.note_obstacle(PlannedOutcome.REJECT, "empty", path="0.jpg", sentence="it is empty")
    for number in range(1000):
        draft.note_obstacle(PlannedOutcome.REJECT, "damaged", path=f"{number}.jpg", sentence="it is damaged")
    damaged, empty = draft.finish().reasons
    assert (damaged.code, damaged.photos, len(damaged.examples)) == ("damaged", 1000, 3)
    assert (empty.code, empty.photos, empty.examples) == ("empty", 1, (("0.jpg", "it is empty"),))


def test_the_json_form_has_every_number() -> None:
    """Scripts read it."""
    told = plan_as_json(plan_of({PlannedOutcome.SEND: 2}, Limits(per_day=1)))
    assert (told["removals"], told["operations"], told["operations_are_complete"]) == (2, 135, True)
    assert told["limits"] == {
        "per_day": 1,
        "left_today": 1,
        "per_month": None,
        "left_this_month": None,
        "held": 1,
        "confirm_over": 500,
    }
    assert told["folders"]["shop"]["to_send"] == 2  # type: ignore[index]  # JSON is a tree of anything
