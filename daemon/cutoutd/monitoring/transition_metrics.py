"""What the stored facts tell as they pass: how long photos stand at each stage, and how often removals are asked about.

It hears of facts in the ledger writer's thread, and only counts.
"""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from cutoutd.core.photo import Photo, State

#: From a look at a small file to a photo that waited for the next day.
_STAGE_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10_800, 21_600, 86_400)

_POLL_BUCKETS = (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 50, 100)

#: Those who left one of these for this one asked Uploadcare about their removal.
_ASKED = (State.REMOVAL_STARTED, State.REMOVAL_FINISHED)


class TransitionMetrics:
    """A witness of the ledger's."""

    def __init__(self, registry: CollectorRegistry, folders: Collection[str]) -> None:
        # A series for each of the others that nobody asks for. The function has no annotations.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._facts = Counter(
            "cutoutd_facts",
            "Facts that were stored since the start, by folder and fact.",
            ("folder", "fact"),
            registry=registry,
        )
        self._stages = Histogram(
            "cutoutd_stage_seconds",
            "How long photos stood at a stage (their last fact) before the next fact.",
            ("stage",),
            buckets=_STAGE_BUCKETS_S,
            registry=registry,
        )
        self._polls = Histogram(
            "cutoutd_removal_polls",
            "Questions that found a removal unfinished before its end was learned.",
            buckets=_POLL_BUCKETS,
            registry=registry,
        )
        self._launches = Counter(
            "cutoutd_launches", "Removals launched since the start; refused ones included.", registry=registry
        )
        self._published_at_s = 0.0
        Gauge(
            "cutoutd_last_published_timestamp_seconds",
            "When a cutout was last published, Unix time; 0: never.",
            registry=registry,
        ).set_function(lambda: self._published_at_s)
        # What begins at 0 shows its first rise; what begins with its first rise does not.
        for state in State:
            if not state.is_terminal:
                self._stages.labels(state)
            for folder in folders:
                self._facts.labels(folder, state)

    def note(self, before: Photo | None, after: Photo) -> None:
        """A fact was stored."""
        self._facts.labels(after.identity.folder, after.state).inc()
        if after.state is State.PUBLISHED:
            self._published_at_s = after.state_at_s
        if before is None:
            return
        if not before.state.is_terminal:
            self._stages.labels(before.state).observe(max(0.0, after.state_at_s - before.state_at_s))
        if (before.state, after.state) == (State.UPLOADED, State.REMOVAL_INTENDED):
            self._launches.inc()
        if (before.state, after.state) == _ASKED:
            self._polls.observe(before.wait.attempts)

    def recall_last_published(self, at_s: float) -> None:
        """What an earlier run published last, unless this one has since."""
        self._published_at_s = max(self._published_at_s, at_s)
