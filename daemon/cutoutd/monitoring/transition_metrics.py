"""The metrics of transitions: the time that photos stay in each state, and the number of polls of a removal.

The ledger's writer thread calls the listener, which only counts.
"""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from cutoutd.core.photo import TERMINAL, Photo, State

#: From the validation of a small file to a photo that waited for the next day.
_STAGE_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 21_600, 86_400)

_POLL_BUCKETS = (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 50, 100)

#: The transition that ends the polls of a removal.
_POLLED = (State.REMOVAL_STARTED, State.REMOVAL_FINISHED)


class TransitionMetrics:
    """Counts facts, as a listener of the ledger."""

    def __init__(self, registry: CollectorRegistry, folders: Collection[str]) -> None:
        # Without this call each counter has a second series that no rule needs. The function has no annotations.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._facts = Counter(
            "cutoutd_facts",
            "Facts stored since the start, by folder and fact.",
            ("folder", "fact"),
            registry=registry,
        )
        self._stages = Histogram(
            "cutoutd_stage_seconds",
            "Time that photos spent in a state (their last fact) before the next fact.",
            ("stage",),
            buckets=_STAGE_BUCKETS_S,
            registry=registry,
        )
        self._polls = Histogram(
            "cutoutd_removal_polls",
            "Polls that found a removal unfinished, for each removal that ended.",
            buckets=_POLL_BUCKETS,
            registry=registry,
        )
        self._launches = Counter(
            "cutoutd_launches", "Removals launched since the start, including refused ones.", registry=registry
        )
        self._published_at_s = 0.0
        Gauge(
            "cutoutd_last_published_timestamp_seconds",
            "Time of the last published cutout, Unix time; 0: none yet.",
            registry=registry,
        ).set_function(lambda: self._published_at_s)
        # Create each series at 0, because Prometheus would miss its first rise otherwise.
        for state in State:
            if not state.is_terminal:
                self._stages.labels(state)
            for folder in folders:
                self._facts.labels(folder, state)

    def note(self, before: Photo | None, after: Photo) -> None:
        """Count a fact that was stored."""
        self._facts.labels(after.identity.folder, after.state).inc()
        if after.state is State.PUBLISHED:
            self._published_at_s = after.state_at_s
        if before is None:
            return
        if before.state not in TERMINAL:
            self._stages.labels(before.state).observe(max(0.0, after.state_at_s - before.state_at_s))
        if (before.state, after.state) == (State.UPLOADED, State.REMOVAL_INTENDED):
            self._launches.inc()
        if (before.state, after.state) == _POLLED:
            self._polls.observe(before.wait.attempts)

    def recall_last_published(self, at_s: float) -> None:
        """Set the time of the last publication by an earlier run, unless this run has published since."""
        self._published_at_s = max(self._published_at_s, at_s)
