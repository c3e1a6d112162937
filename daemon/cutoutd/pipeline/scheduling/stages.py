"""The stages of a photo's way with their limits; `stage_queue` holds their photos, and `workers` runs them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from cutoutd.config.settings import Concurrency
from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.uploadcare.connections import RequestKind, Throttle

#: Photos that were sent and not launched for so long hold up no uploads, once later ones were launched.
_UPLOAD_LATE_AFTER_S = 600.0

#: As many steps as may wait for a silent service, at its upload and at its launch.
_BATCHES_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of step: the state before it, and the limits of how many run at once."""

    name: str
    state: State
    concurrency: int
    downstream: frozenset[State] = frozenset()  #: states in which photos hold this stage up...
    max_downstream: int = 0  #: ...if there are so many of them
    late_after_s: Callable[[], float] = lambda: _UPLOAD_LATE_AFTER_S  #: those that stay there for so long are late
    uncounted_folders: Callable[[], Collection[str]] = frozenset  #: folders with photos downstream that do not count
    is_sending: bool = True  #: False if the step sends nothing to Uploadcare, and so goes on during a halt
    rate: LaunchRate | None = None  #: the rate that each step takes a launch from
    paused_for_s: Callable[[], float] = lambda: 0.0  #: seconds for which Uploadcare or a person wants no step
    excluded_folders: Callable[[], Collection[str]] = frozenset  #: folders with photos that are not taken for now
    is_opening: Callable[[], bool] = lambda: False  #: True if one of them may open without a step that tells

    @property
    def rest_s(self) -> float:
        """Seconds for which no step begins."""
        paused_for_s = self.paused_for_s()
        return max(paused_for_s, self.rate.paused_for_s) if self.rate else paused_for_s

    def is_freed_by(self, before: Photo, after: Photo) -> bool:
        """Return True if a photo downstream may have held this stage up, and no longer does.

        A photo that keeps its state may stand still now, and then it counts no more.
        """
        return before.state in self.downstream and (after.state not in self.downstream or before.state is after.state)


@dataclass(frozen=True, slots=True)
class StageHolds:
    """The reasons outside the stages for which a step does not begin."""

    unscanned_folders: Callable[[], Collection[str]] = frozenset  #: folders of which nothing is sent for now
    stranded_folders: Callable[[], Collection[str]] = frozenset  #: folders with too many paid results without a place
    paused_for_s: Callable[[], float] = lambda: 0.0  #: seconds for which a person wants nothing sent or launched
    removal_late_after_s: Callable[[], float] = lambda: 600.0  #: seconds after which a removal or its result is late


def stages_for(
    concurrency: Concurrency, rate: LaunchRate, throttle: Throttle, holds: StageHolds = StageHolds()
) -> tuple[Stage, ...]:
    """Return the stages in the order of a photo's way.

    Uploads stay at most a few batches ahead of launches, because an upload expires after 24 hours. Launches stop while
    `concurrency.removals` paid photos are under way, because else a slow service would pile up removals. What is stuck
    by itself takes no place: see `ledger.queries.picking.downstream`. A result that finds no place holds up its own
    folder alone.

    Args:
        concurrency: how many steps run at once.
        rate: the launch rate.
        throttle: the pauses that Uploadcare asked for (429).
        holds: the reasons outside the stages.
    """
    paid = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})
    uploads, questions, downloads = (
        partial(throttle.remaining_s, kind) for kind in (RequestKind.UPLOADS, RequestKind.CALLS, RequestKind.DOWNLOADS)
    )
    return (
        Stage("check", State.DISCOVERED, concurrency=2, is_sending=False),
        Stage(
            "upload",
            State.ACCEPTED,
            concurrency.uploads,
            frozenset({State.UPLOADED}),
            _BATCHES_AHEAD * concurrency.uploads,
            uncounted_folders=holds.stranded_folders,
            paused_for_s=lambda: max(uploads(), holds.paused_for_s()),
            excluded_folders=lambda: {*holds.unscanned_folders(), *holds.stranded_folders()},
            is_opening=lambda: bool(holds.unscanned_folders()),
        ),
        Stage(
            "launch",
            State.UPLOADED,
            concurrency.uploads,
            paid,
            concurrency.removals,
            holds.removal_late_after_s,
            rate=rate,
            paused_for_s=lambda: max(questions(), holds.paused_for_s()),
            excluded_folders=holds.stranded_folders,
        ),
        Stage("find outcome", State.REMOVAL_INTENDED, concurrency=4, paused_for_s=questions),
        Stage("ask", State.REMOVAL_STARTED, concurrency=8, paused_for_s=questions),
        Stage("publish", State.REMOVAL_FINISHED, concurrency.downloads, paused_for_s=downloads),
    )
