"""What monitoring is told of the running daemon, in Prometheus' terms.

Rooms: ``passage`` (what each fact tells: how long stages take, what was published when), ``soundings`` (what is asked
of ledger and disks now and then), ``present`` (what is so at this moment), ``metering`` (all of it as one text).
Names are a contract: rules and dashboards are written against them.
"""

from cutoutd.monitoring.metrics import MetricsExposition
from cutoutd.monitoring.state_metrics import MetricSources

__all__ = ["MetricSources", "MetricsExposition"]
