"""The chart: throughput, CPU, and what polls cost in waiting; drawn from the results that are kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.figures import kept_results

CHART = Path(__file__).parent / "chart.png"


def draw_chart() -> None:
    """Draw what there is; a measurement that was not made leaves its place empty."""
    kept = kept_results()
    figure, places = plt.subplots(2, 2, figsize=(11, 7.5), constrained_layout=True)
    _draw_bars(places[0, 0], kept.get("throughput"), "photos an hour", "Throughput, the same realistic service")
    _draw_bars(places[0, 1], kept.get("cpu"), "ms of CPU a photo", "CPU, a service that answers at once")
    for place, sigma in zip(places[1], ("0.25", "0.5"), strict=True):
        _draw_polls(place, sigma, kept.get("polls"))
    figure.savefig(CHART, dpi=110)
    plt.close(figure)


def _draw_bars(place: Axes, kept: Mapping[str, Any] | None, unit: str, title: str) -> None:
    place.set_title(title)
    if kept is None:
        place.set_axis_off()
        return
    parts = {name: value for name, value in kept["series"].items() if isinstance(value, int | float)}
    bars = place.barh(list(parts), list(parts.values()), color="#3b6ea5")
    place.bar_label(bars, fmt="{:,.0f}", padding=3)
    place.invert_yaxis()
    place.set_xlabel(unit)


def _draw_polls(place: Axes, sigma: str, kept: Mapping[str, Any] | None) -> None:
    place.set_title(f"Polls against added wait, log-normal, sigma {sigma}")
    if kept is None:
        place.set_axis_off()
        return
    for name, points in kept["series"][sigma].items():
        if name == "best":
            place.plot(*zip(*points, strict=True), color="#999999", label="the best any schedule can do")
        else:
            place.plot(*points, marker="D" if name == "cutoutd" else "o", linestyle="none", label=name)
    place.set(xlim=(0.9, 6), ylim=(0, 3), xlabel="polls a photo", ylabel="added wait, s (median 4 s)")
    place.legend(fontsize=8)
