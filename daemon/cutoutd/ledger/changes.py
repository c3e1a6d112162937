"""Whether it is worth asking the ledger again: for those who look every few seconds and mostly find nothing new.

It knows only that something was stored in this run, not what. Now and then it says yes all the same, for what changes
without anybody storing it, such as the day.
"""

import time
from collections.abc import Callable

from cutoutd.ledger.ledger import Ledger

#: Nothing is known to depend on this; it bounds what a reason that nobody thought of can hold up.
_ASK_ANYWAY_AFTER_S = 60.0


class ChangeFlag:
    """What one who asks has not heard yet.

    Args:
        ledger: the one that is asked.
        now_s: a clock that never goes back.
    """

    def __init__(self, ledger: Ledger, now_s: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._now_s = now_s
        self._heard: int | None = None
        self._asked_at_s = 0.0

    def take(self) -> bool:
        """Whether to ask now; taken before asking, so that what is stored meanwhile is news the next time."""
        revision, now_s = self._ledger.revision, self._now_s()
        if revision == self._heard and now_s - self._asked_at_s < _ASK_ANYWAY_AFTER_S:
            return False
        self._heard, self._asked_at_s = revision, now_s
        return True

    def give_back(self) -> None:
        """The ledger did not answer: what was taken is still news."""
        self._heard = None
