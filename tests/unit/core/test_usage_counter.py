"""Operations: counted once for each request that left, by day and purpose, whatever came back."""

from datetime import date

import pytest

from cutoutd.core.errors import NeverSentError, UnreachableError
from cutoutd.core.usage_counter import Purpose, UsageCounter

TODAY = date(2026, 11, 22)


def test_every_request_that_left_counts_once() -> None:
    """An answer or none: what was cut off may have arrived. What had no connection cost nothing."""
    operations = UsageCounter(lambda: TODAY)
    with operations.count_request(Purpose.POLL):
        pass
    with pytest.raises(UnreachableError), operations.count_request(Purpose.POLL):
        raise UnreachableError("it hung")
    with pytest.raises(NeverSentError), operations.count_request(Purpose.POLL):
        raise NeverSentError("no connection")
    assert operations.take_unstored() == {(TODAY, Purpose.POLL): 2}
    assert not operations.has_unstored


def test_each_day_is_counted_for_itself() -> None:
    """Midnight between two requests puts them into two days; what is given back is neither lost nor moved."""
    days = iter([TODAY, date(2026, 11, 23), date(2026, 11, 23)])
    operations = UsageCounter(lambda: next(days))
    for number in (3, 1):
        operations.count(Purpose.UPLOAD, number)
    taken = operations.take_unstored()
    operations.count(Purpose.UPLOAD, 2)
    operations.give_back(taken)
    assert operations.take_unstored() == {(TODAY, Purpose.UPLOAD): 3, (date(2026, 11, 23), Purpose.UPLOAD): 3}
