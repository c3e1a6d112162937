"""The look of a stage into the ledger: the photos that are due, the time of the next one, and the room downstream.

One transaction answers all of it, because a look for each question cost as much again (tests/bench). Nothing is decided
here that a later look would not decide anew.
"""

import math
import time
from collections.abc import Collection
from dataclasses import dataclass

from cutoutd.core.photo import Photo, State, require_value
from cutoutd.ledger import Ledger, ReadTransaction
from cutoutd.ledger.queries import lost_launches
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries.photos import SkippedPhotos
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.stages import Stage
from cutoutd.pipeline.steps import recover_launch

#: A photo that waits for longer than this holds up no other photo.
_LONGEST_ACTIVE_WAIT_S = 1000.0

#: With more lost launches than this at once, only the first ones are looked at.
_MOST_LOST_LAUNCHES = 20


@dataclass(frozen=True, slots=True)
class DuePhotos:
    """The result of a look."""

    photos: list[Photo]
    next_due_s: float | None = None  #: Unix time at which the next waiting photo is due; None: no wait ends by time
    has_more: bool = False  #: True if more photos may be due than the look asked for
    room: float = math.inf  #: the steps that may run at once, as far as photos downstream decide it
    has_lost: bool = False  #: True if a launch with a response that was lost just now is open


@dataclass(frozen=True, slots=True)
class DueQuery:
    """A look of one stage."""

    stage: Stage
    limit: int  #: the most photos to return
    skipped: SkippedPhotos
    now_s: float  #: Unix time
    checks_room: bool  #: True to count the photos downstream and the lost launches as well

    def run(self, ledger: ReadTransaction) -> DuePhotos:
        """Return the due photos, those that waited longest first."""
        room, has_lost = self._room(ledger) if self.checks_room else (math.inf, False)
        if room <= 0:
            return DuePhotos([], has_more=True, room=room, has_lost=has_lost)
        photos, next_due_s = photo_queries.due_and_next(
            ledger, self.stage.state, self.now_s, self.limit, skipped=self.skipped
        )
        if len(photos) == self.limit:
            return DuePhotos(photos, has_more=True, room=room, has_lost=has_lost)
        return DuePhotos(photos, next_due_s, room=room, has_lost=has_lost)

    def _room(self, ledger: ReadTransaction) -> tuple[float, bool]:
        if self.stage.state is State.UPLOADED and _has_lost_launch(ledger, self.now_s):
            return 0, True
        if not self.stage.downstream:
            return math.inf, False
        return self.stage.max_downstream - _count_under_way(ledger, self.stage.downstream, self.now_s), False


async def is_probed_at(state: State, breaker: CircuitBreaker, busy: frozenset[State], ledger: Ledger) -> bool:
    """Return True if the stage of this state takes a step during a halt: one photo probes for all, at the refused step.

    A step elsewhere would prove nothing, and might cost money. If no photo stands at the refused step any more (an
    upload expired), the nearest photo goes on towards it. Otherwise the halt would never end. Lost launches are looked
    for all the same, because nothing is launched before they are found.

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
    by_s = time.time() + _LONGEST_ACTIVE_WAIT_S
    return state is await ledger.query(photo_queries.furthest_of, breaker.probe_states, by_s)


def _count_under_way(ledger: ReadTransaction, states: Collection[State], now_s: float) -> int:
    """Count the photos that go on soon: photos of folders that left the configuration must not hold up all others."""
    return photo_queries.count_due_by(ledger, states, now_s + _LONGEST_ACTIVE_WAIT_S)


def _has_lost_launch(ledger: ReadTransaction, now_s: float) -> bool:
    """Return True if a launch's response was lost just now and a search may find its result.

    Later launches would lengthen the search. No photo depends on it for its safety: see `recover_launch`.
    """
    lost = lost_launches.open_outcomes(ledger, now_s - recover_launch.LOOK_FOR_S, _MOST_LOST_LAUNCHES)
    return any(recover_launch.is_comparable(require_value(photo.bound.parameters)) for photo in lost)
