"""The text that ``/metrics`` returns: the counters since the start, and the state at this moment."""

from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from cutoutd.config.settings import CommonSettings
from cutoutd.ledger import Ledger
from cutoutd.monitoring.probes import Probes
from cutoutd.monitoring.state_metrics import MetricSources, StateMetrics
from cutoutd.monitoring.transition_metrics import TransitionMetrics


class MetricsExposition:
    """Collects all metrics of one service, in a registry of its own.

    After a reload the counters begin at 0, which Prometheus takes for a restart.
    """

    def __init__(self, ledger: Ledger, sources: MetricSources, settings: CommonSettings) -> None:
        self._registry = CollectorRegistry()
        self._ledger = ledger
        self._transitions = TransitionMetrics(self._registry, [folder.name for folder in settings.folders])
        self._probes = Probes(ledger, self._transitions, _disks(settings))
        self._registry.register(StateMetrics(sources, self._probes, settings.limits.min_free_bytes))
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=self._registry)

    async def run(self) -> None:
        """Keep the counters and the probes up to date until cancelled."""
        self._ledger.add_listener(self._transitions.note)
        try:
            await self._probes.run()
        finally:
            self._ledger.remove_listener(self._transitions.note)

    def write(self, accept: str) -> tuple[bytes, str]:
        """Return the text and its media type; ``accept`` is the request's header of that name."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def _disks(settings: CommonSettings) -> dict[str, Path]:
    return {"state": settings.state_dir, **{f"output of {folder.name}": folder.output for folder in settings.folders}}
