"""Whether Uploadcare's announcements may be relied on: then removals are rarely asked about.

Judged by what became of the last removals: announced before anybody asked, or found finished by a question although
nothing had been announced. Both are seen whether or not anybody relies on it: asked as usual, most removals still end
between two questions. So trust comes back by the same rule by which it is lost. Nothing here waits or reads a clock.
"""

from collections import deque
from collections.abc import Collection

_REMEMBERED = 10

#: One message may be late or lost, and so may another; three of the last ten are no accident.
_FORGIVEN = 2


def are_arriving(outcomes: Collection[bool]) -> bool:
    """Whether announcements come, judged by the last removals: true for one that was announced, false for a miss.

    Before anything is known they are believed to: whoever subscribed wanted them, and a miss soon shows it.
    """
    return sum(not was_announced for was_announced in outcomes) <= _FORGIVEN


class WebhookTrust:
    """What became of the last removals while announcements were expected."""

    def __init__(self) -> None:
        self._expected_since_s: float | None = None
        self._outcomes: deque[bool] = deque(maxlen=_REMEMBERED)

    @property
    def is_trusted(self) -> bool:
        """Whether removals are left alone until they are announced."""
        return self.is_expected and are_arriving(self._outcomes)

    @property
    def is_expected(self) -> bool:
        """Whether there is somebody to announce to."""
        return self._expected_since_s is not None

    def expect(self, since_s: float) -> None:
        """From this Unix time on removals should be announced; judgement begins anew."""
        self._expected_since_s = since_s
        self._outcomes.clear()

    def expect_nothing(self) -> None:
        """Nobody announces anything."""
        self._expected_since_s = None

    def record_received(self) -> None:
        """A removal was announced before a question found it finished."""
        self._outcomes.append(True)

    def record_missed(self, launched_s: float) -> None:
        """A removal that was launched at this Unix time was found finished, and had not been announced.

        One launched before anything was expected may have been announced to nobody.
        """
        if self._expected_since_s is not None and launched_s >= self._expected_since_s:
            self._outcomes.append(False)
