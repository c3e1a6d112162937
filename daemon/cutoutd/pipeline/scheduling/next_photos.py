"""The look of a stage into the ledger: the photos that are due, the time of the next one, and the room downstream.

One transaction answers all of it, because a look for each question cost as much again (tests/bench). Nothing is decided
here that a later look would not decide anew.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries import picking
from cutoutd.ledger.queries.picking import Downstream, PickQuery, RoomQuery
from cutoutd.pipeline.backoff import growing_s
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import Stage

#: A photo that waits for longer than this does not probe, if one that is less far can.
_LONGEST_WAIT_OF_PROBE_S = 60.0

#: While late photos take all places, the time to the next trial doubles with each, up to this.
_LONGEST_TRIAL_WAIT_S = 3600.0

#: The facts that show that the photo before them went on as it should.
_WENT_ON = {
    State.UPLOADED: frozenset({State.REMOVAL_STARTED, State.REMOVAL_FINISHED}),
    State.REMOVAL_STARTED: frozenset({State.REMOVAL_FINISHED}),
    State.REMOVAL_FINISHED: frozenset({State.PUBLISHED}),
}


@dataclass(frozen=True, slots=True)
class DuePhotos:
    """The result of a look."""

    photos: list[Photo]
    next_due_s: float | None = None  #: Unix time at which the next waiting photo is due; None: no wait ends by time
    has_more: bool = False  #: True if more photos may be due than the look returned
    room: float = math.inf  #: the steps that may run at once, as far as photos downstream decide it
    has_late: bool = False  #: True if late photos take places downstream


@dataclass(frozen=True, slots=True)
class DueQuery:
    """A look of one stage."""

    stage: Stage
    pick: PickQuery
    room: RoomQuery | None  #: None: there is certainly room downstream

    def run(self, ledger: ReadTransaction) -> DuePhotos:
        """Return the due photos, in turn between their folders."""
        room, has_late = math.inf, False
        if self.room is not None:
            downstream = picking.downstream(ledger, self.room)
            room, has_late = room_for(self.stage.max_downstream, downstream, self.room), downstream.late > 0
            if room <= 0:
                return DuePhotos([], has_more=True, room=room, has_late=has_late)
        picked = picking.pick(ledger, self.pick)
        return DuePhotos(picked.photos, picked.next_due_s, picked.has_more, room, has_late)


def room_for(most: int, downstream: Downstream, query: RoomQuery) -> float:
    """Return how many steps may begin.

    If late photos take all places, one more is tried now and then: once it goes on, they take none. So a service that
    is merely slow gets a few more removals a day. One that forgot some gets all others at once.
    """
    room = most - downstream.placed
    if room > 0 or downstream.newest_s is None:
        return room
    trial_wait_s = growing_s(query.late_after_s, _LONGEST_TRIAL_WAIT_S, -room)
    is_trial_due = query.now_s - downstream.newest_s >= trial_wait_s
    return 1 if is_trial_due else room


class NewestMoved:
    """For each state, the time at which the newest photo that went on had come to it.

    Photos that came before, and are late, are stuck: the service has passed them by. A restart learns it from the
    ledger. Else all of them would take places again, and hold up the launches for up to an hour.
    """

    def __init__(self) -> None:
        self._came_s: dict[State, float] = {}

    async def learn(self, ledger: Ledger) -> None:
        """Learn from the facts of the last run."""
        went_on = {**_WENT_ON, State.REMOVAL_INTENDED: _WENT_ON[State.UPLOADED]}
        for state, came_s in (await ledger.query(picking.newest_moved, went_on)).items():
            self._came_s[state] = max(self._came_s.get(state, 0.0), came_s)

    def note(self, before: Photo, after: Photo) -> None:
        """Note a step."""
        if after.state not in _WENT_ON.get(before.state, ()):
            return
        self._came_s[before.state] = max(self._came_s.get(before.state, 0.0), before.state_at_s)
        if before.state is State.UPLOADED:  # a launch with a response
            self._came_s[State.REMOVAL_INTENDED] = after.state_at_s

    def by(self, now_s: float) -> Mapping[State, float]:
        """Return the times by state; without those that are in the future, because the clock was set back."""
        self._came_s = {state: came_s for state, came_s in self._came_s.items() if came_s <= now_s}
        return self._came_s


async def is_probed_at(state: State, breaker: CircuitBreaker, busy: frozenset[State], ledger: Ledger) -> bool:
    """Return True if the stage of this state takes a step during a halt: one photo probes for all, at the refused step.

    A step elsewhere would prove nothing, and might cost money. If no photo stands at the refused step any more (an
    upload expired), the nearest photo goes on towards it. Otherwise the halt would never end. Lost launches are looked
    for all the same, because their results are paid for.

    Args:
        state: the state before the stage's step.
        breaker: knows the refused step.
        busy: the states of the stages with a step under way.
        ledger: knows the nearest photo.
    """
    if state is State.REMOVAL_INTENDED:
        return True
    if not busy.isdisjoint(breaker.probe_states):
        return False  # because the probe is under way; its photo may be further on in the middle of the step
    by_s = time.time() + _LONGEST_WAIT_OF_PROBE_S
    return state is await ledger.query(photo_queries.furthest_of, breaker.probe_states, by_s, breaker.suspects)
