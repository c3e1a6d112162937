"""What was spent and what approval would cost, in operations and in money, for ``status`` and ``approve``.

Requests were counted one by one where they were made; what removals cost on top, and money, is as the configuration
says (``pricing``). Values in, values out: it reads nothing.
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
    """What was spent in a day or a month."""

    operations: Mapping[Purpose, int]  #: without those of removals
    removals: int
    bill: Bill

    @property
    def operations_of_removals(self) -> int | None:
        """What the removals themselves cost; None when that is not configured."""
        return self.bill.operations - sum(self.operations.values()) if self.bill.is_whole else None


@dataclass(frozen=True, slots=True)
class UsageCosts:
    """What was spent lately."""

    today: UsageCost
    this_month: UsageCost


@dataclass(frozen=True, slots=True)
class PricedBatch:
    """A batch that waits for approval, and about what it will cost if none of it can be reused."""

    batch: Batch
    bill: Bill


def held_batches(batches: Iterable[Batch], price: Price) -> tuple[PricedBatch, ...]:
    """Those that wait for a person, priced."""
    return tuple(priced(batch, price) for batch in batches if batch.held)


def priced(batch: Batch, price: Price) -> PricedBatch:
    """What a batch will cost."""
    return PricedBatch(batch, estimate(price, uploads=batch.photos - batch.uploaded, removals=batch.photos))


def batch_in_words(priced: PricedBatch) -> str:
    """How many photos, what to type, and what it will cost."""
    batch = priced.batch
    photos = "1 photo waits" if batch.photos == 1 else f"{batch.photos:,} photos wait"
    return f"{photos}; type: cutoutd approve {batch.folder} ({estimate_in_words(priced.bill)})"


def batch_as_json(priced: PricedBatch) -> dict[str, Any]:
    """The documented, stable form within ``status --json``."""
    return {
        "folder": priced.batch.folder,
        "photos": priced.batch.photos,
        "held": priced.batch.held,
        "operations": priced.bill.operations,
        "money": _amount(priced.bill),
    }


def add_up(billed: Usage, spent: LaunchCounts, price: Price) -> UsageCosts:
    """What the ledger counted, priced."""
    return UsageCosts(_account(price, billed.today, spent.today), _account(price, billed.this_month, spent.this_month))


def no_accounts(price: Price) -> UsageCosts:
    """Before the first run."""
    nothing = _account(price, dict.fromkeys(Purpose, 0), 0)
    return UsageCosts(nothing, nothing)


def accounts_as_json(accounts: UsageCosts) -> dict[str, Any]:
    """The documented, stable form within ``status --json``."""
    return {"today": _as_json(accounts.today), "this_month": _as_json(accounts.this_month)}


def rows_of(accounts: UsageCosts) -> Iterator[tuple[str, str]]:
    """For a terminal: the period, and what it cost."""
    for period, account in (("today", accounts.today), ("this month", accounts.this_month)):
        parts = [f"{number:,} {purpose}" for purpose, number in account.operations.items() if number]
        if account.operations_of_removals:
            parts.append(f"{account.operations_of_removals:,} for removals")
        yield period, numbers_in_words(account.bill) + (f": {', '.join(parts)}" if parts else "")
    if not (accounts.today.bill.is_whole and accounts.this_month.bill.is_whole):
        yield "at least", UNPRICED


def _account(price: Price, operations: Mapping[Purpose, int], removals: int) -> UsageCost:
    return UsageCost(operations, removals, bill(price, requests=sum(operations.values()), removals=removals))


def _as_json(account: UsageCost) -> dict[str, Any]:
    return {
        **{purpose.value: number for purpose, number in account.operations.items()},
        "removals": account.operations_of_removals,
        "total": account.bill.operations,
        "money": _amount(account.bill),
    }


def _amount(bill: Bill) -> float | None:
    return None if bill.money is None else float(bill.money)
