"""What a lane is, and which lanes a photo's way has; ``lanes`` runs them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from cutoutd.config.settings import Concurrency
from cutoutd.core.photo import State
from cutoutd.pipeline.budget.launch_rate import LaunchRate
from cutoutd.uploadcare.throttling import Pauses, Traffic


@dataclass(frozen=True, slots=True)
class Lane:
    """Which steps a lane does, how many at once, and how many photos may stand at the states beyond."""

    name: str
    takes: State
    width: int
    beyond: frozenset[State] = frozenset()
    beyond_limit: int = 0
    is_sending: bool = True
    rate: LaunchRate | None = None  #: each of its steps takes a launch
    paused_for_s: Callable[[], float] = lambda: 0.0  #: how long none of its steps is begun, as somebody asked for
    closed_to: Callable[[], Collection[str]] = frozenset  #: folders none of whose photos it takes for now

    @property
    def unhindered(self) -> "Lane":
        """The same lane, whoever stands beyond."""
        return replace(self, beyond=frozenset())


def lanes_for(
    concurrency: Concurrency,
    rate: LaunchRate,
    pauses: Pauses,
    *,
    uncounted: Callable[[], Collection[str]] = frozenset,
    intermission_s: Callable[[], float] = lambda: 0.0,
) -> tuple[Lane, ...]:
    """The lanes of a photo's way, in its order.

    Uploads stay at most two batches ahead of launches, because an upload expires after 24 hours; launches stop while
    ``removals`` paid photos are on their way, so a full disk does not pile up results that nobody can fetch. Nothing is
    sent of ``uncounted`` folders, and neither sent nor launched for ``intermission_s`` yet.
    """
    paid = frozenset({State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED})
    ahead = frozenset({State.UPLOADED})
    uploads, asking, downloads = (
        partial(pauses.left_s, traffic) for traffic in (Traffic.UPLOADS, Traffic.QUESTIONS, Traffic.DOWNLOADS)
    )
    return (
        Lane("check", State.DISCOVERED, width=2, is_sending=False),
        Lane(
            "upload",
            State.ACCEPTED,
            concurrency.uploads,
            ahead,
            2 * concurrency.uploads,
            paused_for_s=lambda: max(uploads(), intermission_s()),
            closed_to=uncounted,
        ),
        Lane(
            "launch",
            State.UPLOADED,
            concurrency.uploads,
            paid,
            concurrency.removals,
            rate=rate,
            paused_for_s=lambda: max(asking(), intermission_s()),
        ),
        Lane("find outcome", State.REMOVAL_INTENDED, width=1, paused_for_s=asking),
        Lane("ask", State.REMOVAL_STARTED, width=8, paused_for_s=asking),
        Lane("publish", State.REMOVAL_FINISHED, concurrency.downloads, paused_for_s=downloads),
    )
