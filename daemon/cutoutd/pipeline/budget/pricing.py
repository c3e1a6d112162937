"""The expected bill of Uploadcare: requests and removals as operations, and operations as money. Pure.

Every request is one operation, and an upload two more (docs/uploadcare.md 4). The further operations of a removal
are not published, so they are added only if `price.operations_per_removal` is set. Without it a bill says that it
leaves them out. Money is in `price.currency`.
"""

from dataclasses import dataclass
from decimal import Decimal

from cutoutd.config.settings import Price

#: One for the request, one for the first 100 MB (no photo is larger), one for the virus scan.
OPERATIONS_PER_UPLOAD = 3

#: A look at the upload, the launch, and two polls: the usual requests of a removal that takes a few seconds.
_REQUESTS_PER_REMOVAL = 4

#: Source and result are deleted together, a hundred files with one request.
_PHOTOS_PER_DELETION = 50


@dataclass(frozen=True, slots=True)
class Bill:
    """A number of operations and its price."""

    operations: int  #: all known ones
    unpriced_removals: int  #: removals with unknown operations of their own, so not counted
    money: Decimal | None  #: the price of the operations; None without a configured price
    currency: str | None = None  #: as users write it

    @property
    def amount(self) -> str:
        """The price for users: "0.07 EUR", or "0.07 in money" without a currency; empty without a price."""
        return "" if self.money is None else f"{self.money:,.2f} {self.currency or 'in money'}"

    @property
    def is_whole(self) -> bool:
        """True if no operations are left out."""
        return self.unpriced_removals == 0


def bill(price: Price, *, requests: int, removals: int) -> Bill:
    """Return the bill of so many operations for requests and so many launched removals."""
    is_known = price.operations_per_removal is not None
    operations = requests + removals * (price.operations_per_removal or 0)
    money = None if price.per_1000_operations is None else operations * price.per_1000_operations / 1000
    return Bill(operations, 0 if is_known else removals, money, price.currency)


def estimate(price: Price, *, uploads: int, removals: int) -> Bill:
    """Return the approximate bill of so many photos; a removal of an existing upload has no upload of its own."""
    deletions = -(-removals // _PHOTOS_PER_DELETION)
    requests = uploads * OPERATIONS_PER_UPLOAD + removals * _REQUESTS_PER_REMOVAL + deletions
    return bill(price, requests=requests, removals=removals)


#: The reason why a number of operations is only a part.
UNPRICED = "what removals cost on top is not configured: price.operations_per_removal"


def in_words(bill: Bill) -> str:
    """Return a bill for users: "130 operations, 0.07 in money"."""
    words = numbers_in_words(bill)
    return words if bill.is_whole else f"{words} ({UNPRICED})"


def numbers_in_words(bill: Bill) -> str:
    """Return the same without the reason why it is only "at least"."""
    at_least = "" if bill.is_whole else "at least "
    words = f"{at_least}{bill.operations:,} {'operation' if bill.operations == 1 else 'operations'}"
    return words if bill.money is None else f"{words}, {at_least}{bill.amount}"


def estimate_in_words(bill: Bill) -> str:
    """Return an estimate for users: "about 130 operations", or "at least 22 operations (what removals ...)"."""
    return f"about {in_words(bill)}" if bill.is_whole else in_words(bill)
