"""The metric of trees that do not answer: the threads that hang in calls to them."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import calls_to
from cutoutd.watch.trees.tree_overlap import trees_of


def abandoned_calls(folders: Iterable[FolderSettings]) -> Metric:
    """Return the number of calls to each tree that were given up and have not returned. Never waits for a tree."""
    family = GaugeMetricFamily(
        "cutoutd_blocking_calls_abandoned",
        "Threads that hang in calls to a tree that does not answer.",
        labels=("folder", "tree"),
    )
    for folder in folders:
        for tree in trees_of(folder):
            family.add_metric((folder.name, str(tree.role)), calls_to(tree.root).hung)
    return family
