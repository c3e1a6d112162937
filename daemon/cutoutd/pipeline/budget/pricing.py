"""What Uploadcare's bill will say: requests and removals as operations, and operations as money. Pure.

Every request is one operation, and an upload two more (UPLOADCARE.md section 4). What a removal costs on top is not
published, so it is added only where ``price.operations_per_removal`` says it; without it a bill says what it leaves
out. Money is in whatever currency ``price.per_1000_operations`` was meant in.
"""

from dataclasses import dataclass
from decimal import Decimal

from cutoutd.config.settings import Price

#: One for the request, one for each started 100 MB (no photo has more than one), one for the virus scan.
OPERATIONS_PER_UPLOAD = 3

#: A look at the upload, the launch, two questions after the result: what a removal of a few seconds usually takes.
_REQUESTS_PER_REMOVAL = 4

#: Source and result are deleted together, a hundred files with one request.
_PHOTOS_PER_DELETION = 50


@dataclass(frozen=True, slots=True)
class Bill:
    """A number of operations, and what it means."""

    operations: int  #: all that are known
    unpriced_removals: int  #: removals whose own operations are not known, so not among them
    money: Decimal | None  #: what the operations cost; None without a price

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.unpriced_removals == 0


def bill(price: Price, *, requests: int, removals: int) -> Bill:
    """What was spent: ``requests`` are the operations of everything that was asked, ``removals`` those launched."""
    is_known = price.operations_per_removal is not None
    operations = requests + removals * (price.operations_per_removal or 0)
    money = None if price.per_1000_operations is None else operations * price.per_1000_operations / 1000
    return Bill(operations, 0 if is_known else removals, money)


def estimate(price: Price, *, uploads: int, removals: int) -> Bill:
    """What that many photos will cost about; a removal of an upload that is there already has no upload of its own."""
    deletions = -(-removals // _PHOTOS_PER_DELETION)
    requests = uploads * OPERATIONS_PER_UPLOAD + removals * _REQUESTS_PER_REMOVAL + deletions
    return bill(price, requests=requests, removals=removals)


#: Why a number of operations is only a part.
UNPRICED = "what removals cost on top is not configured: price.operations_per_removal"


def in_words(bill: Bill) -> str:
    """For people, of what was billed: "130 operations, 0.07 in money"."""
    words = numbers_in_words(bill)
    return words if bill.is_whole else f"{words} ({UNPRICED})"


def numbers_in_words(bill: Bill) -> str:
    """The same without the reason why it is only "at least"."""
    at_least = "" if bill.is_whole else "at least "
    words = f"{at_least}{bill.operations:,} {'operation' if bill.operations == 1 else 'operations'}"
    return words if bill.money is None else f"{words}, {at_least}{bill.money:,.2f} in money"


def estimate_in_words(bill: Bill) -> str:
    """For people, of what is still to come: "about 130 operations", or "at least 22 operations (what removals...)"."""
    return f"about {in_words(bill)}" if bill.is_whole else in_words(bill)
