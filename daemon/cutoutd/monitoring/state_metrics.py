"""The metrics of the present state. They are collected in the event loop, to which most of the state belongs."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from cutoutd import __version__
from cutoutd.core.errors import HaltError
from cutoutd.core.photo import State
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.ledger import PhotoCounts
from cutoutd.monitoring.probes import Probes
from cutoutd.monitoring.tree_metrics import abandoned_calls
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.status.standstill import Standstill, StandstillCode, StoredStandstills, standstills
from cutoutd.watch.availability.monitor import FolderAvailability
from cutoutd.watch.folder import FolderWatcher
from cutoutd.watch.passed_over.passed_over import PassedOverReason

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class MetricSources:
    """The parts of the service that know the state."""

    folder_watchers: Sequence[FolderWatcher]
    photo_counts: PhotoCounts
    breaker: CircuitBreaker
    pause: PauseState
    workers: WorkerPool
    usage: UsageCounter
    budget: Budget
    availability: FolderAvailability
    standstills: Callable[[], tuple[Standstill, ...]] = tuple


class StateMetrics(Collector):
    """Collects the present state, without waiting, without disk access, and without a query."""

    def __init__(self, sources: MetricSources, probes: Probes, min_free_bytes: int) -> None:
        self._sources = sources
        self._probes = probes
        self._min_free_bytes = min_free_bytes

    def describe(self) -> Iterable[Metric]:
        """Return no metric, else the registry would collect all of them once to learn their names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        build = InfoMetricFamily("cutoutd_build", "The running version.")
        build.add_metric((), {"version": __version__})
        yield build
        yield from self._photos()
        yield from self._work()
        yield from self._standstill()
        yield from self._money()
        yield from self._disks()

    def _photos(self) -> Iterator[Metric]:
        sources = self._sources
        photos = GaugeMetricFamily(
            "cutoutd_photos", "Photos by folder and state (their last fact).", labels=("folder", "state")
        )
        numbers = {(watcher.folder.name, state): 0 for watcher in sources.folder_watchers for state in State}
        for labels, number in (numbers | sources.photo_counts.numbers()).items():
            photos.add_metric(labels, number)
        yield photos
        yield _labelled("cutoutd_photos_waiting", "Waiting photos by cause.", "cause", self._probes.waiting.items())
        since_s = self._probes.longest_unmoved_s
        age_s = 0.0 if since_s is None else max(0.0, time.time() - since_s)
        yield _single(
            "cutoutd_oldest_waiting_photo_seconds",
            "Time since the last fact of the photo that has waited longest, without photos that wait for a limit, for "
            "approval or for their folder.",
            age_s,
        )
        files = {watcher.folder.name: len(watcher.waiting()) for watcher in sources.folder_watchers}
        yield _labelled("cutoutd_settling_files", "Files that are still being written.", "folder", files.items())
        passed_over = GaugeMetricFamily(
            "cutoutd_passed_over", "Files and folders that are passed over.", labels=("folder", "reason")
        )
        for watcher in sources.folder_watchers:
            found = {item.reason: item.count for item in watcher.passed_over}
            for reason in PassedOverReason:
                passed_over.add_metric((watcher.folder.name, reason), found.get(reason, 0))
        yield passed_over

    def _work(self) -> Iterator[Metric]:
        stages = self._sources.workers.stages
        busy = [(stage.name, busy) for stage, busy in stages]
        yield _labelled("cutoutd_lane_steps", "Steps under way in each stage.", "lane", busy)
        counts = self._sources.photo_counts
        queued = {stage.name: max(0, counts.at(stage.state) - busy) for stage, busy in stages}
        yield _labelled(
            "cutoutd_lane_queue", "Photos before each stage, whatever they wait for.", "lane", queued.items()
        )

    def _standstill(self) -> Iterator[Metric]:
        sources = self._sources
        reason = sources.breaker.error.reason if sources.breaker.error else None
        halts = {kind.reason: float(kind.reason == reason) for kind in HaltError.__subclasses__()}
        yield _labelled(
            "cutoutd_halted", "1 if cutoutd is halted and sends nothing, by reason.", "reason", halts.items()
        )
        yield _single("cutoutd_paused", "1 if the user paused cutoutd.", float(sources.pause.pause is not None))
        unavailable = {
            watcher.folder.name: float(sources.availability.is_unavailable(watcher.folder.name))
            for watcher in sources.folder_watchers
        }
        yield _labelled("cutoutd_folder_standby", "1 if a folder is unavailable.", "folder", unavailable.items())
        yield abandoned_calls(watcher.folder for watcher in sources.folder_watchers)
        yield from self._reasons()

    def _reasons(self) -> Iterator[Metric]:
        sources = self._sources
        stored = StoredStandstills(self._probes.wait_groups, self._probes.unknown_outcomes, sources.pause.pause)
        found = standstills(sources.standstills(), stored, sources.photo_counts.totals())
        present, numbers, ends = (dict.fromkeys(StandstillCode, 0.0) for _ in range(3))
        for each in found:
            present[each.code] = 1.0
            numbers[each.code] += each.photos
            ends[each.code] = max(ends[each.code], each.until_s or 0.0)
        yield _labelled("cutoutd_standstill", "1 if something stands still, by reason.", "reason", present.items())
        yield _labelled("cutoutd_standstill_photos", "Photos that stand still, by reason.", "reason", numbers.items())
        yield _labelled(
            "cutoutd_standstill_end_timestamp_seconds",
            "Unix time at which it ends, or is tried again, by reason; 0 if no time ends it.",
            "reason",
            ends.items(),
        )

    def _money(self) -> Iterator[Metric]:
        sources = self._sources
        operations = CounterMetricFamily(
            "cutoutd_operations",
            "Operations that Uploadcare bills, by purpose, without those of the removals themselves.",
            labels=("purpose",),
        )
        for purpose in Purpose:
            operations.add_metric((purpose,), sources.usage.total(purpose))
        yield operations
        yield CounterMetricFamily(
            "cutoutd_launches_throttled",
            "Launches that Uploadcare refused because they were too many (429).",
            value=sources.budget.throttled,
        )
        yield _single(
            "cutoutd_launches_per_second_limit",
            "Highest rate of launches: the configured one, or the one that Uploadcare accepts.",
            sources.budget.rate.per_minute / _MINUTE_S,
        )
        if (
            photos := self._probes.possible_double_charges
        ) is not None:  # unknown is not 0, else the number would rise at each start
            yield _single("cutoutd_possible_double_charges", "All photos that may have been paid for twice.", photos)

    def _disks(self) -> Iterator[Metric]:
        free = self._probes.free_bytes
        yield _labelled(
            "cutoutd_free_bytes",
            "Free bytes on the disks of the outputs and of the state folder.",
            "place",
            free.items(),
        )
        yield _single(
            "cutoutd_required_free_bytes",
            "Nothing is paid for while a disk has fewer free bytes (limits.min_free_space).",
            self._min_free_bytes,
        )


def _single(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _labelled(name: str, documentation: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=(label,))
    for key, value in values:
        family.add_metric((key,), value)
    return family
