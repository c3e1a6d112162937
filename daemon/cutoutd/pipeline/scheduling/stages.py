"""What a lane is, and which lanes a photo's way has; ``lanes`` runs them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from cutoutd.config.settings import Concurrency
from cutoutd.core.photo import State
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.uploadcare.throttling import RequestKind, Throttle


@dataclass(frozen=True, slots=True)
class Stage:
    """Which steps a lane does, how many at once, and how many photos may stand at the states beyond."""

    name: str
    states: State
    concurrency: int
    downstream: frozenset[State] = frozenset()
    max_downstream: int = 0
    is_sending: bool = True
    rate: LaunchRate | None = None  #: each of its steps takes a launch
    paused_for_s: Callable[[], float] = lambda: 0.0  #: how long none of its steps is begun, as somebody asked for
    excluded_folders: Callable[[], Collection[str]] = frozenset  #: folders none of whose photos it takes for now

    @property
    def without_back_pressure(self) -> "Stage":
        """The same lane, whoever stands beyond."""
        return replace(self, downstream=frozenset())


def stages_for(
    concurrency: Concurrency,
    rate: LaunchRate,
    pauses: Throttle,
    *,
    uncounted: Callable[[], Collection[str]] = frozenset,
    intermission_s: Callable[[], float] = lambda: 0.0,
) -> tuple[Stage, ...]:
    """The lanes of a photo's way, in its order.

    Uploads stay at most two batches ahead of launches, because an upload expires after 24 hours; launches stop while
    ``removals`` paid photos are on their way, so a full disk does not pile up results that nobody can fetch. Nothing is
    sent of ``uncounted`` folders, and neither sent nor launched for ``intermission_s`` yet.
    """
    paid = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})
    ahead = frozenset({State.UPLOADED})
    uploads, asking, downloads = (
        partial(pauses.remaining_s, traffic)
        for traffic in (RequestKind.UPLOADS, RequestKind.QUESTIONS, RequestKind.DOWNLOADS)
    )
    return (
        Stage("check", State.DISCOVERED, concurrency=2, is_sending=False),
        Stage(
            "upload",
            State.ACCEPTED,
            concurrency.uploads,
            ahead,
            2 * concurrency.uploads,
            paused_for_s=lambda: max(uploads(), intermission_s()),
            excluded_folders=uncounted,
        ),
        Stage(
            "launch",
            State.UPLOADED,
            concurrency.uploads,
            paid,
            concurrency.removals,
            rate=rate,
            paused_for_s=lambda: max(asking(), intermission_s()),
        ),
        Stage("find outcome", State.REMOVAL_INTENDED, concurrency=1, paused_for_s=asking),
        Stage("ask", State.REMOVAL_STARTED, concurrency=8, paused_for_s=asking),
        Stage("publish", State.REMOVAL_FINISHED, concurrency.downloads, paused_for_s=downloads),
    )
