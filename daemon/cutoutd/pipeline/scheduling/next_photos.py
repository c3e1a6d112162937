"""What a lane sees when it looks into the ledger: whose turn it is, and when the next one's will be.

All of it is asked in one look of one moment: a lane looks several times for each photo, and a look for each question
cost as much again (tests/bench). Nothing is decided here that a later look would not decide anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State, known
from cutoutd.ledger import View
from cutoutd.ledger.queries import lost_launches as losses
from cutoutd.ledger.queries import photos as questions
from cutoutd.pipeline.scheduling.stages import Lane
from cutoutd.pipeline.steps import recover_launch as recovery

#: A photo that goes on later than this does not count as being on its way.
_HOLDS_NOBODY_UP_AFTER_S = 1000.0

#: More lost answers at once than this are not looked at, to know whether any is searched for.
_SEARCHED_FOR = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was seen."""

    photos: list[Photo]  #: whose turn it is
    next_due_s: float | None = None  #: when somebody else's will be, Unix time; None: nobody's by waiting alone
    is_crowded: bool = False  #: whether more may be due than there was room for


_NO_ROOM = Outlook([], is_crowded=True)


@dataclass(frozen=True, slots=True)
class Prospect:
    """A lane's look, to be put to the ledger."""

    lane: Lane
    room: int  #: so many steps may be begun
    busy: Mapping[int, Lane]  #: the photos whose step is under way, in any lane: their rows are about to change
    closed_to: Collection[str]  #: folders
    now_s: float  #: Unix time

    def look(self, ledger: View) -> Outlook:
        """Whose turn it is."""
        room, takes = self._room(ledger), {self.lane.takes}
        if room <= 0:
            return _NO_ROOM
        passed = questions.Passed(self.busy, self.closed_to)
        photos = questions.due(ledger, takes, self.now_s, room, but=passed)
        if len(photos) == room:
            return Outlook(photos, is_crowded=True)
        return Outlook(photos, questions.next_due_s(ledger, takes, self.now_s))

    def _room(self, ledger: View) -> int:
        if self.lane.takes is State.UPLOADED and _has_open_outcome(ledger, self.now_s):
            return 0
        if not self.lane.beyond:
            return self.room
        busy = sum(lane.name == self.lane.name for lane in self.busy.values())
        beyond = _number_on_their_way(ledger, self.lane.beyond, self.now_s)
        return min(self.room, self.lane.beyond_limit - busy - beyond)


def furthest_of(ledger: View, way: tuple[State, ...], now_s: float) -> State | None:
    """The last of these states, which are in order, at which a photo stands that is on its way."""
    return questions.furthest_of(ledger, way, now_s + _HOLDS_NOBODY_UP_AFTER_S)


def _number_on_their_way(ledger: View, states: Collection[State], now_s: float) -> int:
    """Photos of folders that left the configuration wait for long; they must not hold up all others."""
    return questions.count_due_by(ledger, states, now_s + _HOLDS_NOBODY_UP_AFTER_S)


def _has_open_outcome(ledger: View, now_s: float) -> bool:
    """Whether a launch's answer was lost just now, and a search may find its result: later ones would lengthen it.

    No photo depends on it for its safety: see ``recovery``.
    """
    lost = losses.open_outcomes(ledger, now_s - recovery.LOOK_FOR_S, _SEARCHED_FOR)
    return any(recovery.is_comparable(known(photo.parameters)) for photo in lost)
