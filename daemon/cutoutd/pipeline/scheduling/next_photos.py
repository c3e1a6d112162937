"""What a lane sees when it looks into the ledger: whose turn it is, and when the next one's will be.

All of it is asked in one look of one moment: a lane looks several times for each photo, and a look for each question
cost as much again (tests/bench). Nothing is decided here that a later look would not decide anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State, require_value
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import lost_launches
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.pipeline.scheduling.stages import Stage
from cutoutd.pipeline.steps import recover_launch

#: A photo that goes on later than this does not count as being on its way.
_HOLDS_NOBODY_UP_AFTER_S = 1000.0

#: More lost answers at once than this are not looked at, to know whether any is searched for.
_SEARCHED_FOR = 20


@dataclass(frozen=True, slots=True)
class DuePhotos:
    """What was seen."""

    photos: list[Photo]  #: whose turn it is
    next_due_s: float | None = None  #: when somebody else's will be, Unix time; None: nobody's by waiting alone
    has_more: bool = False  #: whether more may be due than there was room for


_NO_ROOM = DuePhotos([], has_more=True)


@dataclass(frozen=True, slots=True)
class DueQuery:
    """A lane's look, to be put to the ledger."""

    stage: Stage
    room: int  #: so many steps may be begun
    busy: Mapping[int, Stage]  #: the photos whose step is under way, in any lane: their rows are about to change
    excluded_folders: Collection[str]  #: folders
    now_s: float  #: Unix time

    def run(self, ledger: ReadTransaction) -> DuePhotos:
        """Whose turn it is."""
        room, takes = self._room(ledger), {self.stage.states}
        if room <= 0:
            return _NO_ROOM
        passed = photo_queries.FurtherOn(self.busy, self.excluded_folders)
        photos = photo_queries.due(ledger, takes, self.now_s, room, but=passed)
        if len(photos) == room:
            return DuePhotos(photos, has_more=True)
        return DuePhotos(photos, photo_queries.next_due_s(ledger, takes, self.now_s))

    def _room(self, ledger: ReadTransaction) -> int:
        if self.stage.states is State.UPLOADED and _has_open_outcome(ledger, self.now_s):
            return 0
        if not self.stage.downstream:
            return self.room
        busy = sum(lane.name == self.stage.name for lane in self.busy.values())
        beyond = _number_on_their_way(ledger, self.stage.downstream, self.now_s)
        return min(self.room, self.stage.max_downstream - busy - beyond)


def furthest_of(ledger: ReadTransaction, way: tuple[State, ...], now_s: float) -> State | None:
    """The last of these states, which are in order, at which a photo stands that is on its way."""
    return photo_queries.furthest_of(ledger, way, now_s + _HOLDS_NOBODY_UP_AFTER_S)


def _number_on_their_way(ledger: ReadTransaction, states: Collection[State], now_s: float) -> int:
    """Photos of folders that left the configuration wait for long; they must not hold up all others."""
    return photo_queries.count_due_by(ledger, states, now_s + _HOLDS_NOBODY_UP_AFTER_S)


def _has_open_outcome(ledger: ReadTransaction, now_s: float) -> bool:
    """Whether a launch's answer was lost just now, and a search may find its result: later ones would lengthen it.

    No photo depends on it for its safety: see ``recovery``.
    """
    lost = lost_launches.open_outcomes(ledger, now_s - recover_launch.LOOK_FOR_S, _SEARCHED_FOR)
    return any(recover_launch.is_comparable(require_value(photo.bound.parameters)) for photo in lost)
