"""The plan of a run: photos by outcome, removals, operations, money, limits, and time. Pure.

``plan_scan`` notes each photo here. Two photos of one picture need one removal, as in a real run. The photo that is
noted first pays; the number of removals does not depend on the order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cutoutd.config.settings import Limits, Price
from cutoutd.ledger import LaunchCounts
from cutoutd.pipeline.budget.pricing import Bill, estimate
from cutoutd.watch.passed_over.passed_over import PassedOver, passed_over_as_json

_MAX_EXAMPLES = 3


class PlannedOutcome(StrEnum):
    """The planned outcome of a photo."""

    SEND = "to_send"  #: uploaded, and a removal launched
    LAUNCH = "to_launch"  #: uploaded already; its removal will be launched
    REUSE = "reused"  #: gets the cutout of an earlier or another photo of the same picture, at no cost
    REJECT = "rejected"
    UNDER_WAY = "under_way"  #: its removal is launched
    PUBLISHED = "published"  #: earlier
    TROUBLED = "troubled"  #: rejected or failed earlier
    UNREADABLE = "unreadable"  #: cannot be read for now
    CHANGING = "changing"  #: was changed or removed meanwhile

    @property
    def is_paid(self) -> bool:
        """True if a removal would be launched."""
        return self in {PlannedOutcome.SEND, PlannedOutcome.LAUNCH}


@dataclass(frozen=True, slots=True)
class PlanReason:
    """The reason why photos would be rejected or cannot be read, with a few examples."""

    code: str
    photos: int
    examples: tuple[tuple[str, str], ...]  #: path and sentence


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """The plan of one folder."""

    name: str
    outcomes: Mapping[PlannedOutcome, int]
    smaller_copies: int  #: of the photos to send
    batch: int  #: accepted photos that are neither paid for nor approved
    reasons: tuple[PlanReason, ...]  #: the most frequent first
    absence: str  #: the reason why the input cannot be read; empty: it can
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of all folders, with its cost."""

    folders: tuple[FolderPlan, ...]
    bill: Bill
    limits: Limits
    spent: LaunchCounts | None  #: None: there is no ledger yet, so nothing was spent
    launches_per_minute: float

    def count(self, *outcomes: PlannedOutcome) -> int:
        """Return the number of photos with one of these outcomes."""
        return sum(folder.outcomes[outcome] for folder in self.folders for outcome in outcomes)

    @property
    def removals(self) -> int:
        """The number of removals that would be launched, which is the cost."""
        return self.count(*(outcome for outcome in PlannedOutcome if outcome.is_paid))

    @property
    def left_today(self) -> int | None:
        """The number of removals that ``limits.per_day`` still allows today; None without that limit."""
        return _left(self.limits.per_day, self.spent.today if self.spent else 0)

    @property
    def left_this_month(self) -> int | None:
        """The number of removals that ``limits.per_month`` still allows this month; None without that limit."""
        return _left(self.limits.per_month, self.spent.this_month if self.spent else 0)

    def waiting_for_approval(self, folder: FolderPlan) -> int:
        """Return the number of photos of a folder that would wait for approval (``limits.confirm_over``)."""
        limit = self.limits.confirm_over
        return folder.batch if limit is not None and folder.batch > limit else 0

    @property
    def held(self) -> int:
        """The number of removals that would wait for another day or month."""
        left = [number for number in (self.left_today, self.left_this_month) if number is not None]
        return max(0, self.removals - min(left)) if left else 0

    @property
    def minutes(self) -> float:
        """The time to launch the removals that no limit holds. The last one finishes a few seconds later."""
        return (self.removals - self.held) / self.launches_per_minute


class FolderDraft:
    """Adds up one folder's photos one by one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._outcomes: Counter[PlannedOutcome] = Counter()
        self._smaller_copies = 0
        self._batch = 0
        self._reasons: dict[str, list[tuple[str, str]]] = {}
        self._numbers: Counter[str] = Counter()
        self.absence = ""
        self.passed_over: tuple[PassedOver, ...] = ()

    def note(self, outcome: PlannedOutcome, *, is_oversize: bool = False, is_new: bool = False) -> None:
        """Note the outcome of a photo; a new one is accepted, but not approved yet."""
        self._outcomes[outcome] += 1
        self._batch += is_new
        self._smaller_copies += is_oversize and outcome is PlannedOutcome.SEND

    def note_obstacle(self, outcome: PlannedOutcome, code: str, *, path: str, sentence: str) -> None:
        """Note a photo that gets no cutout, with the reason. Memory holds only a few examples of each code."""
        self._outcomes[outcome] += 1
        self._numbers[code] += 1
        examples = self._reasons.setdefault(code, [])
        if len(examples) < _MAX_EXAMPLES:
            examples.append((path, sentence))

    def finish(self) -> FolderPlan:
        """Return the folder's plan."""
        reasons = tuple(
            PlanReason(code, photos, tuple(self._reasons[code])) for code, photos in self._numbers.most_common()
        )
        outcomes = {outcome: self._outcomes[outcome] for outcome in PlannedOutcome}
        return FolderPlan(
            self._name, outcomes, self._smaller_copies, self._batch, reasons, self.absence, self.passed_over
        )


def price_plan(folders: Iterable[FolderPlan], price: Price) -> Bill:
    """Return the estimated cost of these folders."""
    uploads = launches = 0
    for folder in folders:
        uploads += folder.outcomes[PlannedOutcome.SEND]
        launches += folder.outcomes[PlannedOutcome.LAUNCH]
    return estimate(price, uploads=uploads, removals=uploads + launches)


def plan_as_json(plan: Plan) -> dict[str, object]:
    """Return the documented, stable form of ``plan --json``."""
    return {
        "folders": {
            folder.name: {**_folder_as_json(folder), "waiting_for_approval": plan.waiting_for_approval(folder)}
            for folder in plan.folders
        },
        "removals": plan.removals,
        "operations": plan.bill.operations,
        "operations_are_complete": plan.bill.is_whole,
        "money": None if plan.bill.money is None else float(plan.bill.money),
        "currency": plan.bill.currency,
        "limits": {
            "per_day": plan.limits.per_day,
            "left_today": plan.left_today,
            "per_month": plan.limits.per_month,
            "left_this_month": plan.left_this_month,
            "held": plan.held,
            "confirm_over": plan.limits.confirm_over,
        },
        "launches_per_minute": plan.launches_per_minute,
        "minutes": round(plan.minutes, 1),
    }


def _folder_as_json(folder: FolderPlan) -> dict[str, object]:
    return {
        **{outcome.value: number for outcome, number in folder.outcomes.items()},
        "smaller_copies": folder.smaller_copies,
        "absence": folder.absence or None,
        "passed_over": [passed_over_as_json(item) for item in folder.passed_over],
        "reasons": [
            {
                "code": reason.code,
                "photos": reason.photos,
                "examples": [{"path": path, "sentence": sentence} for path, sentence in reason.examples],
            }
            for reason in folder.reasons
        ],
    }


def _left(limit: int | None, spent: int) -> int | None:
    return None if limit is None else max(0, limit - spent)
