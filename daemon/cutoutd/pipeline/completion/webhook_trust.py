"""Trust in webhook messages: while they are trusted, removals are rarely polled.

The last removals decide. Each was reported by a message before a poll, or found finished by a poll without a message.
Both can be seen with and without trust, because most removals end between two polls. Therefore trust returns by the
same rule by which it is lost. Nothing here waits or reads a clock.
"""

from collections import deque
from collections.abc import Collection

_REMEMBERED = 10

#: Two of the last ten messages may be late or lost; three are no accident.
_FORGIVEN = 2


def are_arriving(outcomes: Collection[bool]) -> bool:
    """Return True if messages arrive, from the last removals: True for a received message, False for a missed one.

    Before anything is known they count as arriving, because a missed message soon shows the opposite.
    """
    return sum(not was_received for was_received in outcomes) <= _FORGIVEN


class WebhookTrust:
    """The last removals while webhook messages were expected."""

    def __init__(self) -> None:
        self._expected_since_s: float | None = None
        self._outcomes: deque[bool] = deque(maxlen=_REMEMBERED)

    @property
    def is_trusted(self) -> bool:
        """True if messages are relied on, so that a removal is polled only well after the usual times."""
        return self.is_expected and are_arriving(self._outcomes)

    @property
    def is_expected(self) -> bool:
        """True if Uploadcare is told to send messages here."""
        return self._expected_since_s is not None

    def expect(self, since_s: float) -> None:
        """Expect messages about removals launched after this Unix time, and begin to judge anew."""
        self._expected_since_s = since_s
        self._outcomes.clear()

    def expect_nothing(self) -> None:
        """Expect no messages."""
        self._expected_since_s = None

    def record_received(self) -> None:
        """Note a removal that a message reported before a poll found it finished."""
        self._outcomes.append(True)

    def record_missed(self, launched_s: float) -> None:
        """Note a removal, launched at this Unix time, that a poll found finished without a message.

        A removal launched before messages were expected does not count, because no message may have been sent.
        """
        if self._expected_since_s is not None and launched_s >= self._expected_since_s:
            self._outcomes.append(False)
