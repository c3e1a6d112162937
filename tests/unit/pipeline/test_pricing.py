"""Pricing: operations and money, exact, and never more certain than what is configured."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.config.settings import Price
from cutoutd.pipeline.budget.pricing import Bill, bill, estimate, estimate_in_words, in_words

FULL = Price(operations_per_removal=10, per_1000_operations=Decimal("0.50"))


def test_all_that_is_known_is_added_up() -> None:
    """Requests count one each, removals what is configured, and money is exact to the last digit."""
    assert bill(FULL, requests=7, removals=3) == Bill(37, 0, Decimal("0.0185"))
    assert bill(Price(operations_per_removal=0), requests=7, removals=3) == Bill(7, 0, None)


def test_an_estimate_adds_uploads_questions_launches_and_deletions() -> None:
    """Three operations for an upload, four requests for a removal, and one deletion for each fifty photos."""
    free = Price(operations_per_removal=0, per_1000_operations=Decimal(1), currency="EUR")
    assert [estimate(free, uploads=n, removals=n).operations for n in (1, 50, 51)] == [8, 351, 359]
    assert estimate(free, uploads=1, removals=1).amount == "0.01 EUR"
    assert estimate(free.model_copy(update={"currency": None}), uploads=1, removals=1).amount == "0.01 in money"


def test_an_unknown_price_is_left_out_and_said() -> None:
    """Without the operations of a removal the sum is a lower bound, and its words say so."""
    partial = bill(Price(per_1000_operations=Decimal(2)), requests=1000, removals=3)
    assert partial == Bill(1000, 3, Decimal(2))
    assert in_words(partial).startswith("at least 1,000 operations, at least 2.00 in money (")
    assert "price.operations_per_removal" in in_words(partial)


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Bill(1, 0, None), "1 operation"),
        (Bill(1234, 0, Decimal("0.617")), "1,234 operations, 0.62 in money"),
        (Bill(0, 0, Decimal(0)), "0 operations, 0.00 in money"),
    ],
)
def test_a_bill_reads_as_people_write(spent: Bill, words: str) -> None:
    """Thousands are grouped, money has two places, one is singular."""
    assert in_words(spent) == words


def test_an_estimate_says_about_or_at_least_and_never_both() -> None:
    """What is to come is "about" its sum where the price is known, and "at least" it where a part of it is not."""
    assert estimate_in_words(Bill(30, 0, None)) == "about 30 operations"
    assert estimate_in_words(Bill(22, 3, None)).startswith("at least 22 operations (")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_estimate_grows_with_what_is_sent(uploads: int, removals: int) -> None:
    """More uploads or removals never cost less, and nothing costs nothing."""
    here = estimate(FULL, uploads=uploads, removals=removals).operations
    assert estimate(FULL, uploads=uploads + 1, removals=removals).operations == here + 3
    assert estimate(FULL, uploads=uploads, removals=removals + 1).operations > here
    assert estimate(FULL, uploads=0, removals=0) == Bill(0, 0, Decimal(0))
