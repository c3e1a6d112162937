"""The costs so far, and the cost of a batch that waits for approval, in operations and in money. Pure.

The ledger counted each request. The price of removals and of an operation comes from the configuration.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutoutd.config.settings import Price
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import Batch, LaunchCounts, Usage
from cutoutd.pipeline.budget.pricing import UNPRICED, Bill, bill, estimate, estimate_in_words, numbers_in_words


@dataclass(frozen=True, slots=True)
class UsageCost:
    """The cost of a day or a month."""

    operations: Mapping[Purpose, int]  #: without those of the removals
    removals: int
    bill: Bill

    @property
    def removal_operations(self) -> int | None:
        """The operations that the removals cost; None if their price is not configured."""
        return self.bill.operations - sum(self.operations.values()) if self.bill.is_whole else None


@dataclass(frozen=True, slots=True)
class UsageCosts:
    """The cost of today and of this month."""

    today: UsageCost
    this_month: UsageCost


@dataclass(frozen=True, slots=True)
class PricedBatch:
    """A batch that waits for approval, and its highest cost: less if earlier cutouts can be reused."""

    batch: Batch
    bill: Bill


def held_batches(batches: Iterable[Batch], price: Price) -> tuple[PricedBatch, ...]:
    """Return the batches that wait for approval, priced."""
    return tuple(price_batch(batch, price) for batch in batches if batch.held)


def price_batch(batch: Batch, price: Price) -> PricedBatch:
    """Return a batch with its cost."""
    return PricedBatch(batch, estimate(price, uploads=batch.photos - batch.uploaded, removals=batch.photos))


def batch_in_words(priced: PricedBatch) -> str:
    """Return a line: the number of photos, the command to approve them, and the cost."""
    batch = priced.batch
    photos = "1 photo waits" if batch.photos == 1 else f"{batch.photos:,} photos wait"
    return f"{photos}; type: cutoutd approve {batch.folder} ({estimate_in_words(priced.bill)})"


def batch_as_json(priced: PricedBatch) -> dict[str, Any]:
    """Return the documented, stable form within ``status --json``."""
    return {
        "folder": priced.batch.folder,
        "photos": priced.batch.photos,
        "held": priced.batch.held,
        "operations": priced.bill.operations,
        "money": _amount(priced.bill),
        "currency": priced.bill.currency,
    }


def usage_costs(billed: Usage, spent: LaunchCounts, price: Price) -> UsageCosts:
    """Return the usage that the ledger counted, priced."""
    return UsageCosts(_cost(price, billed.today, spent.today), _cost(price, billed.this_month, spent.this_month))


def no_costs(price: Price) -> UsageCosts:
    """Return the costs before the first run."""
    nothing = _cost(price, dict.fromkeys(Purpose, 0), 0)
    return UsageCosts(nothing, nothing)


def costs_as_json(costs: UsageCosts) -> dict[str, Any]:
    """Return the documented, stable form within ``status --json``."""
    return {"today": _as_json(costs.today), "this_month": _as_json(costs.this_month)}


def cost_rows(costs: UsageCosts) -> Iterator[tuple[str, str]]:
    """Yield each period with its cost, for a terminal."""
    for period, cost in (("today", costs.today), ("this month", costs.this_month)):
        parts = [f"{number:,} {purpose}" for purpose, number in cost.operations.items() if number]
        if cost.removal_operations:
            parts.append(f"{cost.removal_operations:,} for removals")
        yield period, numbers_in_words(cost.bill) + (f": {', '.join(parts)}" if parts else "")
    if not (costs.today.bill.is_whole and costs.this_month.bill.is_whole):
        yield "at least", UNPRICED


def _cost(price: Price, operations: Mapping[Purpose, int], removals: int) -> UsageCost:
    return UsageCost(operations, removals, bill(price, requests=sum(operations.values()), removals=removals))


def _as_json(cost: UsageCost) -> dict[str, Any]:
    return {
        **{purpose.value: number for purpose, number in cost.operations.items()},
        "removals": cost.removal_operations,
        "total": cost.bill.operations,
        "money": _amount(cost.bill),
        "currency": cost.bill.currency,
    }


def _amount(bill: Bill) -> float | None:
    return None if bill.money is None else float(bill.money)
