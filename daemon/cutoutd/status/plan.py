"""What a run would do, added up: photos by their fate, removals, operations, money, limits, time. Pure.

``survey`` looks at trees and ledger and notes each photo here; showing it is the screens' business. Two photos of one
picture are one removal, as in a real run; which of them pays depends on which is noted first, how many pay does not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cutoutd.config.settings import Limits, Price
from cutoutd.ledger import LaunchCounts
from cutoutd.pipeline.budget.pricing import Bill, estimate

_EXAMPLES = 3


class PlannedOutcome(StrEnum):
    """What would become of a photo."""

    SEND = "to_send"  #: uploaded, and a removal launched
    LAUNCH = "to_launch"  #: uploaded already, its removal is still to be launched
    REUSE = "reused"  #: gets an earlier cutout, or that of another photo of the same picture, at no cost
    REJECT = "rejected"
    UNDER_WAY = "under_way"  #: its removal is launched
    PUBLISHED = "published"  #: earlier
    TROUBLED = "troubled"  #: rejected or failed earlier
    UNREADABLE = "unreadable"  #: cannot be read for now
    CHANGING = "changing"  #: was changed or removed meanwhile

    @property
    def is_paid(self) -> bool:
        """Whether a removal would be launched."""
        return self in {PlannedOutcome.SEND, PlannedOutcome.LAUNCH}


@dataclass(frozen=True, slots=True)
class PlanReason:
    """Why photos would be rejected, or cannot be read, with a few of them."""

    code: str
    photos: int
    examples: tuple[tuple[str, str], ...]  #: path and sentence


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """What would become of one folder's photos."""

    name: str
    outcomes: Mapping[PlannedOutcome, int]
    smaller_copies: int  #: of those to send
    batch: int  #: accepted, not paid for and approved by nobody
    reasons: tuple[PlanReason, ...]  #: the most frequent first
    absence: str  #: why the input could not be looked at; empty: it could


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, and what it would cost."""

    folders: tuple[FolderPlan, ...]
    bill: Bill
    limits: Limits
    spent: LaunchCounts | None  #: None: there is no ledger yet, so nothing was spent
    launches_per_minute: float

    def count(self, *fates: PlannedOutcome) -> int:
        """How many photos of all folders would come to one of these."""
        return sum(folder.outcomes[fate] for folder in self.folders for fate in fates)

    @property
    def removals(self) -> int:
        """How many would be launched, which is what costs."""
        return self.count(*(fate for fate in PlannedOutcome if fate.is_paid))

    @property
    def left_today(self) -> int | None:
        """How many removals ``limits.per_day`` still allows today; None without that limit."""
        return _left(self.limits.per_day, self.spent.today if self.spent else 0)

    @property
    def left_this_month(self) -> int | None:
        """How many removals ``limits.per_month`` still allows in this month; None without that limit."""
        return _left(self.limits.per_month, self.spent.this_month if self.spent else 0)

    def waiting_for_approval(self, folder: FolderPlan) -> int:
        """How many photos of a folder would wait for a person, because they are too many (``limits.confirm_over``)."""
        most = self.limits.confirm_over
        return folder.batch if most is not None and folder.batch > most else 0

    @property
    def held(self) -> int:
        """How many removals would wait for another day or month."""
        left = [number for number in (self.left_today, self.left_this_month) if number is not None]
        return max(0, self.removals - min(left)) if left else 0

    @property
    def minutes(self) -> float:
        """How long launching those takes that no limit holds; finishing the last takes a few seconds more."""
        return (self.removals - self.held) / self.launches_per_minute


class FolderDraft:
    """Adds up one folder's photos as they are met."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._fates: Counter[PlannedOutcome] = Counter()
        self._smaller_copies = 0
        self._batch = 0
        self._reasons: dict[str, list[tuple[str, str]]] = {}
        self._numbers: Counter[str] = Counter()
        self.absence = ""

    def note(self, fate: PlannedOutcome, *, is_oversize: bool = False, is_new: bool = False) -> None:
        """A photo would come to this; a new one is accepted, and nobody has agreed to pay for it yet."""
        self._fates[fate] += 1
        self._batch += is_new
        self._smaller_copies += is_oversize and fate is PlannedOutcome.SEND

    def note_trouble(self, fate: PlannedOutcome, code: str, *, path: str, sentence: str) -> None:
        """A photo would come to nothing, and why; memory holds a few examples of each code only."""
        self._fates[fate] += 1
        self._numbers[code] += 1
        examples = self._reasons.setdefault(code, [])
        if len(examples) < _EXAMPLES:
            examples.append((path, sentence))

    def finish(self) -> FolderPlan:
        """What was noted."""
        reasons = tuple(
            PlanReason(code, photos, tuple(self._reasons[code])) for code, photos in self._numbers.most_common()
        )
        fates = {fate: self._fates[fate] for fate in PlannedOutcome}
        return FolderPlan(self._name, fates, self._smaller_copies, self._batch, reasons, self.absence)


def price_plan(folders: Iterable[FolderPlan], price: Price) -> Bill:
    """What the removals of these folders would cost about."""
    uploads = launches = 0
    for folder in folders:
        uploads += folder.outcomes[PlannedOutcome.SEND]
        launches += folder.outcomes[PlannedOutcome.LAUNCH]
    return estimate(price, uploads=uploads, removals=uploads + launches)


def plan_as_json(plan: Plan) -> dict[str, object]:
    """The documented, stable form of ``plan --json``."""
    return {
        "folders": {
            folder.name: {**_folder_as_json(folder), "waiting_for_approval": plan.waiting_for_approval(folder)}
            for folder in plan.folders
        },
        "removals": plan.removals,
        "operations": plan.bill.operations,
        "operations_are_complete": plan.bill.is_whole,
        "money": None if plan.bill.money is None else float(plan.bill.money),
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
        **{fate.value: number for fate, number in folder.outcomes.items()},
        "smaller_copies": folder.smaller_copies,
        "absence": folder.absence or None,
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
