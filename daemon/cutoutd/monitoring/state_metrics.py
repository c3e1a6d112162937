"""What is so at this moment, as Prometheus wants to be told it. For the event loop, where most of it lives."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from cutoutd import __version__
from cutoutd.core.errors import HaltError
from cutoutd.core.photo import State
from cutoutd.core.usage_counter import Purpose, UsageCounter
from cutoutd.monitoring.probes import Probes
from cutoutd.pipeline.budget.budget import Budget
from cutoutd.pipeline.scheduling.halt import CircuitBreaker
from cutoutd.pipeline.scheduling.pause import PauseState
from cutoutd.pipeline.scheduling.workers import WorkerPool
from cutoutd.status.photo_counts import PhotoCounts
from cutoutd.watch.availability import FolderAvailability
from cutoutd.watch.folder import FolderWatcher

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Whom the exposition looks at."""

    arrivals: Sequence[FolderWatcher]
    census: PhotoCounts
    halt: CircuitBreaker
    intermission: PauseState
    lanes: WorkerPool
    operations: UsageCounter
    spending: Budget
    standby: FolderAvailability


class StateMetrics(Collector):
    """What is so at this moment; waits for nobody, reads no disk, and asks the ledger nothing."""

    def __init__(self, sources: MetricSources, soundings: Probes, min_free_bytes: int) -> None:
        self._of = sources
        self._soundings = soundings
        self._min_free_bytes = min_free_bytes

    def describe(self) -> Iterable[Metric]:
        """Nothing before it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        build = InfoMetricFamily("cutoutd_build", "The version that runs.")
        build.add_metric((), {"version": __version__})
        yield build
        yield from self._photos()
        yield from self._work()
        yield from self._standstill()
        yield from self._money()
        yield from self._disks()

    def _photos(self) -> Iterator[Metric]:
        of = self._of
        photos = GaugeMetricFamily(
            "cutoutd_photos", "Photos by folder and state (their last fact).", labels=("folder", "state")
        )
        numbers = {(arrival.folder.name, state): 0 for arrival in of.arrivals for state in State}
        for place, number in (numbers | of.census.numbers()).items():
            photos.add_metric(place, number)
        yield photos
        yield _labelled(
            "cutoutd_photos_waiting", "Photos that wait, by what for.", "cause", self._soundings.waiting.items()
        )
        since_s = self._soundings.longest_unmoved_s
        age_s = 0.0 if since_s is None else max(0.0, time.time() - since_s)
        yield _single(
            "cutoutd_oldest_waiting_photo_seconds",
            "How long the photo that stood still longest got no new fact; without those that wait for a limit, for "
            "approval or for their folder.",
            age_s,
        )
        files = {arrival.folder.name: len(arrival.waiting()) for arrival in of.arrivals}
        yield _labelled("cutoutd_settling_files", "Files that are not finished yet.", "folder", files.items())

    def _work(self) -> Iterator[Metric]:
        lanes = self._of.lanes
        busy = lanes.busy_by_stage()
        yield _labelled("cutoutd_lane_steps", "Steps under way in each lane.", "lane", busy.items())
        at = {state: self._of.census.at(state) for state in State}
        queued = {lane: max(0, at[state] - busy[lane]) for lane, state in lanes.takes.items()}
        yield _labelled(
            "cutoutd_lane_queue", "Photos that stand before each lane, whatever they wait for.", "lane", queued.items()
        )

    def _standstill(self) -> Iterator[Metric]:
        of = self._of
        reason = of.halt.error.reason if of.halt.error else None
        halts = {kind.reason: float(kind.reason == reason) for kind in HaltError.__subclasses__()}
        yield _labelled("cutoutd_halted", "Whether nothing is sent, by why; 1: it is so.", "reason", halts.items())
        yield _single("cutoutd_paused", "Whether a person ordered a pause.", float(of.intermission.pause is not None))
        standing_by = {
            arrival.folder.name: float(of.standby.is_unavailable(arrival.folder.name)) for arrival in of.arrivals
        }
        yield _labelled("cutoutd_folder_standby", "Whether a folder stands by.", "folder", standing_by.items())

    def _money(self) -> Iterator[Metric]:
        of = self._of
        operations = CounterMetricFamily(
            "cutoutd_operations",
            "Operations that Uploadcare bills, by purpose; those of the removals themselves are not among them.",
            labels=("purpose",),
        )
        for purpose in Purpose:
            operations.add_metric((purpose,), of.operations.total(purpose))
        yield operations
        yield CounterMetricFamily(
            "cutoutd_launches_throttled",
            "Launches that Uploadcare refused for their number (429).",
            value=of.spending.throttled,
        )
        yield _single(
            "cutoutd_launches_per_second_limit",
            "Launches a second at most: the configured ceiling, or what Uploadcare was found to take.",
            of.spending.rate.per_minute / _MINUTE_S,
        )
        if (photos := self._soundings.possible_double_charges) is not None:  # 0 would make the number rise at a start
            yield _single("cutoutd_possible_double_charges", "Photos that may have been paid for twice, ever.", photos)

    def _disks(self) -> Iterator[Metric]:
        free = self._soundings.free_bytes
        yield _labelled("cutoutd_free_bytes", "Room on the disks of outputs and state folder.", "place", free.items())
        yield _single(
            "cutoutd_required_free_bytes",
            "Nothing is paid for while a disk has less room (limits.min_free_space).",
            self._min_free_bytes,
        )


def _single(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _labelled(name: str, told: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for key, value in values:
        family.add_metric((key,), value)
    return family
