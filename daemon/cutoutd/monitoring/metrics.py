"""All that monitoring is told, as one text: what was counted, and what is so at this moment."""

from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from cutoutd.config.settings import CommonSettings
from cutoutd.ledger import Ledger
from cutoutd.monitoring.probes import Probes
from cutoutd.monitoring.state_metrics import MetricSources, StateMetrics
from cutoutd.monitoring.transition_metrics import TransitionMetrics


class MetricsExposition:
    """Counts while it runs, as long as one service does: a reload begins anew, which Prometheus takes for a restart.

    It has a registry of its own, so that nothing else is told.
    """

    def __init__(self, ledger: Ledger, sources: MetricSources, settings: CommonSettings) -> None:
        self._registry = CollectorRegistry()
        self._ledger = ledger
        self._passage = passage = TransitionMetrics(self._registry, [folder.name for folder in settings.folders])
        self._soundings = Probes(ledger, passage, _places(settings))
        self._registry.register(StateMetrics(sources, self._soundings, settings.limits.min_free_bytes))
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=self._registry)

    async def run(self) -> None:
        """Keep up to date what takes asking, until cancelled."""
        self._ledger.add_listener(self._passage.note)
        try:
            await self._soundings.run()
        finally:
            self._ledger.remove_listener(self._passage.note)

    def write(self, accept: str) -> tuple[bytes, str]:
        """The text and its media type, waiting for nobody; ``accept`` is the request's header of that name."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def _places(settings: CommonSettings) -> dict[str, Path]:
    return {"state": settings.state_dir, **{f"output of {folder.name}": folder.output for folder in settings.folders}}
