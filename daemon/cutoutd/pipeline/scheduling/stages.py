"""The stages of a photo's way and their limits; `workers` runs them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from cutoutd.config.settings import Concurrency
from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.uploadcare.throttling import RequestKind, Throttle


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of step: the state before it, and the limits of how many run at once."""

    name: str
    state: State
    concurrency: int
    downstream: frozenset[State] = frozenset()  #: states in which photos hold this stage up...
    max_downstream: int = 0  #: ...if there are so many of them
    is_sending: bool = True  #: False if the step sends nothing to Uploadcare, and so goes on during a halt
    rate: LaunchRate | None = None  #: the rate that each step takes a launch from
    paused_for_s: Callable[[], float] = lambda: 0.0  #: seconds for which Uploadcare or a person wants no step
    excluded_folders: Callable[[], Collection[str]] = frozenset  #: folders with photos that are not taken for now

    @property
    def rest_s(self) -> float:
        """Seconds for which no step begins."""
        paused_for_s = self.paused_for_s()
        return max(paused_for_s, self.rate.paused_for_s) if self.rate else paused_for_s

    def is_freed_by(self, before: Photo, after: Photo) -> bool:
        """Return True if a photo downstream may have held this stage up, and no longer does.

        A photo that keeps its state may wait for so long now that it counts no more. The search for a lost launch holds
        up all launches.
        """
        if before.state not in self.downstream:
            return False
        return after.state not in self.downstream or before.state in {after.state, State.REMOVAL_INTENDED}


def stages_for(
    concurrency: Concurrency,
    rate: LaunchRate,
    throttle: Throttle,
    *,
    excluded_folders: Callable[[], Collection[str]] = frozenset,
    paused_for_s: Callable[[], float] = lambda: 0.0,
) -> tuple[Stage, ...]:
    """Return the stages in the order of a photo's way.

    Uploads stay at most two batches ahead of launches, because an upload expires after 24 hours. Launches stop while
    `concurrency.removals` paid photos are under way, because else a full disk would pile up results.

    Args:
        concurrency: how many steps run at once.
        rate: the launch rate.
        throttle: the pauses that Uploadcare asked for (429).
        excluded_folders: folders of which nothing is sent for now.
        paused_for_s: seconds for which a person wants nothing sent or launched.
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
            2 * concurrency.uploads,
            paused_for_s=lambda: max(uploads(), paused_for_s()),
            excluded_folders=excluded_folders,
        ),
        Stage(
            "launch",
            State.UPLOADED,
            concurrency.uploads,
            paid,
            concurrency.removals,
            rate=rate,
            paused_for_s=lambda: max(questions(), paused_for_s()),
        ),
        Stage("find outcome", State.REMOVAL_INTENDED, concurrency=1, paused_for_s=questions),
        Stage("ask", State.REMOVAL_STARTED, concurrency=8, paused_for_s=questions),
        Stage("publish", State.REMOVAL_FINISHED, concurrency.downloads, paused_for_s=downloads),
    )
