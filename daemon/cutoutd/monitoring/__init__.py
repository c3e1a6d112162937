"""The reports to machines and on-call people: metrics, health, watchdog, systemd, and the notification command.

The HTTP routes belong in ``web``.
"""

from cutoutd.monitoring.metrics import MetricsExposition
from cutoutd.monitoring.state_metrics import MetricSources

__all__ = ["MetricSources", "MetricsExposition"]
