"""The chart: throughput, where a photo's CPU goes, and what polls cost in waiting; drawn from the results kept."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bench.figures import kept_results
from bench.stage import MEDIAN_S
from bench.whereabouts import Part

CHART = Path(__file__).parents[2] / "docs" / "benchmark.png"

#: Okabe and Ito's colours, which people who do not see all colours tell apart.
_OURS, _THEIRS, _LIMIT, _INK = "#0072B2", "#999999", "#DDDDDD", "#333333"
_PARTS = dict(
    zip(
        Part,
        ("#56B4E9", "#0072B2", "#E69F00", "#F0E442", "#D55E00", "#CC79A7", "#009E73", "#999999"),
        strict=True,
    )
)
_LIGHT_TEXT_ON = {"#0072B2", "#D55E00", "#009E73"}

_PROGRAMS = {
    "sequential": ("script, one photo at a time", _THEIRS),
    "pool of 16": ("script, 16 threads", _THEIRS),
    "first run": ("cutoutd, very first run", _OURS),
    "limit learned": ("cutoutd, plan's limit learned", _OURS),
    "ideal": ("ideal schedule", _LIMIT),
}

_STYLE = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.titlelocation": "left",
    "text.color": _INK,
}

#: Narrower parts of a bar, as shares of the longest one, have no room for their number.
_NARROW = 0.032

#: The polls' axis ends here, in % of the median removal.
_MOST_WAIT = 72.0

_INSTANT = "A service that answers at once; photos of 3 MB, cutouts of 4 MB."
_TRADE_OFF = (
    "Removals of 4 s (log-normal). Every poll is billed. Nobody gets below the black line;"
    " the orange one is cutoutd, asking sooner or later."
)

Kept = Mapping[str, Any]
Series = Mapping[str, Any]


def draw_chart() -> None:
    """Draw what there is; where a measurement was not made, its place says how to make it."""
    kept = kept_results()
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]  # keys as plain text
        figure = plt.figure(figsize=(10, 12), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08))
        top, middle, bottom = figure.subfigures(3, 1, squeeze=False, height_ratios=[3.1, 3.6, 5.0], hspace=0.06).ravel()
        _draw_panel(top, kept, "throughput", _draw_throughput)
        _draw_panel(middle, kept, "stages", _draw_split)
        _draw_panel(bottom, kept, "polls", _draw_polls)
        figure.savefig(CHART, dpi=150)
        plt.close(figure)


def _draw_panel(panel: SubFigure, kept: Kept, name: str, draw: Callable[[SubFigure, Series], None]) -> None:
    if name in kept:
        draw(panel, kept[name]["series"])
        return
    place = panel.subplots()
    place.set_axis_off()
    place.text(0.5, 0.5, f"not measured yet: python -m bench {name}", ha="center", va="center", color="#888888")


def _head(panel: SubFigure, finding: str, conditions: str) -> None:
    panel.suptitle(finding, x=0.01, ha="left", fontsize=14, fontweight="bold")
    panel.supxlabel(conditions, x=0.01, ha="left", fontsize=9.5, color="#666666")


def _draw_throughput(panel: SubFigure, series: Series) -> None:
    learned = series["limit learned"]
    finding = (
        f"{learned / series['sequential']:.0f} times the throughput of a sequential script,"
        f" {learned / series['pool of 16']:.1f} times that of 16 threads"
    )
    service = "uploads 0.3 s, removals 4 s (log-normal, sigma 0.25), 500 launches a minute"
    _head(panel, finding, f"The same service for all: {service}. The ideal loses no time at all.")
    place = panel.subplots()
    shown = {name: series[name] for name in _PROGRAMS if name in series}
    labels, colours = zip(*(_PROGRAMS[name] for name in shown), strict=True)
    bars = place.barh(labels, list(shown.values()), color=colours, height=0.7)
    place.bar_label(bars, fmt="{:,.0f}", padding=5)
    place.set_xlim(0, 1.1 * max(shown.values()))
    place.xaxis.set_major_formatter("{x:,.0f}")
    _tidy(place, "photos an hour")


def _draw_split(panel: SubFigure, series: Series) -> None:
    shown = {name: series[name] for name in ("bare loop", "cutoutd") if name in series}
    totals = {name: sum(split.values()) for name, split in shown.items()}
    finding = f"{totals['cutoutd']:.0f} ms of CPU for a photo, {totals['cutoutd'] / totals['bare loop']:.1f} times"
    _head(panel, f"{finding} a bare loop of the same exchange", _INSTANT)
    place = panel.subplots()
    longest = max(totals.values())
    _stack(place, shown, longest)
    for row, total in enumerate(totals.values()):
        label = place.text(total + 0.008 * longest, row, f"{total:.1f} ms", va="center", fontweight="bold")
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # where the goal's line comes by
    place.axvline(1.5 * totals["bare loop"], color=_INK, linestyle=(0, (4, 3)), linewidth=1)
    place.text(1.5 * totals["bare loop"], -0.62, " goal: 1.5 times the bare loop", fontsize=9.5, va="center")
    place.set(xlim=(0, 1.12 * longest), ylim=(1.5, -0.8))
    _tidy(place, "milliseconds of CPU for each photo")
    panel.legend(*place.get_legend_handles_labels(), loc="outside right center", fontsize=9.5, frameon=False)


def _stack(place: Axes, shown: Mapping[str, Mapping[str, float]], longest: float) -> None:
    """One bar for each program, in the order of the journey."""
    at = np.zeros(len(shown))
    for part, colour in _PARTS.items():
        widths = np.array([split.get(part, 0.0) for split in shown.values()])
        bars = place.barh(list(shown), widths, left=at, color=colour, height=0.72, label=part, edgecolor="white")
        numbers = [f"{width:.0f}" if width > _NARROW * longest else "" for width in widths]
        ink = "white" if colour in _LIGHT_TEXT_ON else "black"
        place.bar_label(bars, numbers, label_type="center", color=ink, fontsize=10)
        at += widths


def _draw_polls(panel: SubFigure, series: Series) -> None:
    above = max(_above_best(series[sigma]) for sigma in series)
    finding = f"cutoutd waits at most {100 * above:.0f} % longer than the best schedule of as many polls"
    _head(panel, finding, _TRADE_OFF)
    places = panel.subplots(1, len(series), sharey=True, squeeze=False)[0]
    for place, (sigma, points) in zip(places, series.items(), strict=True):
        _draw_trade_off(place, points)
        place.set_title(f"sigma {sigma}", fontsize=11)
    places[0].set_ylabel("added wait, % of the median removal")


def _draw_trade_off(place: Axes, points: Mapping[str, Sequence[Any]]) -> None:
    polls, waits = _best(points)
    place.plot(polls, waits, color=_INK, linewidth=1.6)
    place.fill_between(polls, waits, color="#EEEEEE")
    top = 0.94 * _MOST_WAIT
    at_top = float(np.interp(-top, [-wait for wait in waits], polls))
    place.annotate(" the best any schedule can do", (at_top, top), fontsize=9.5, va="center")
    if "cutoutd's curve" in points:
        asked, waits_s = zip(*sorted(points["cutoutd's curve"]), strict=True)
        place.plot(asked, [100 * wait_s / MEDIAN_S for wait_s in waits_s], color="#D55E00", linewidth=1.2, alpha=0.7)
    for name in points.keys() - {"best", "cutoutd's curve"}:
        asked, wait_s = points[name]
        is_ours = name == "cutoutd"
        wait = 100 * wait_s / MEDIAN_S
        marker, colour = ("D", "#D55E00") if is_ours else ("o", "#0072B2")
        place.plot(asked, wait, marker=marker, color=colour, markersize=9 if is_ours else 7, clip_on=False)
        place.annotate(
            f"{name}\n{asked:.1f} polls{chr(10) if is_ours else ', '}{wait:.0f} %",
            (asked, wait),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=9.5,
            fontweight="bold" if is_ours else "normal",
        )
    place.set(xlim=(0.9, 6.6), ylim=(0, _MOST_WAIT))
    _tidy(place, "polls for each photo", grid="both")


def _best(points: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    polls, waits_s = zip(*sorted(points["best"]), strict=True)
    return list(polls), [100 * wait_s / MEDIAN_S for wait_s in waits_s]


def _above_best(points: Mapping[str, Any]) -> float:
    """By how much cutoutd waits longer, as a share."""
    polls, wait_s = points["cutoutd"]
    return float(100 * wait_s / MEDIAN_S / np.interp(polls, *_best(points))) - 1


def _tidy(place: Axes, unit: str, *, grid: str = "x") -> None:
    place.set_xlabel(unit)
    place.set_axisbelow(True)
    place.grid(axis=grid, color="#E4E4E4", linewidth=0.8)  # type: ignore[arg-type]  # one of matplotlib's words
    if grid == "x":
        place.spines["left"].set_visible(False)
        place.tick_params(axis="y", length=0)
        if not place.yaxis_inverted():
            place.invert_yaxis()
