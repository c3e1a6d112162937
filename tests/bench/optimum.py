"""The best that any schedule of polls can do for a known distribution, by dynamic programming.

Time is a grid. After a poll at ``t`` that found the removal unfinished, the least cost of what is still to come is

    cost(t) = min over s > t of  price + E[s - T; t < T <= s] / P(T > t) + cost(s) * P(T > s) / P(T > t)

where ``T`` is the processing time and ``price`` the seconds of waiting that a poll is worth. Going back from the end of
the grid gives the best schedule for a price; prices from low to high give the frontier: no schedule has fewer polls
for less waiting than a point on it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS_PER_MEDIAN = 80
_FURTHEST_SIGMAS = 4.5

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """What a schedule costs on average."""

    polls: float
    wait_s: float  #: from the removal's end to the poll that finds it finished


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A distribution of processing times."""

    median_s: float
    sigma: float

    def finished_by(self, time_s: Numbers) -> Numbers:
        """The share of removals that took no longer."""
        deviations = np.log(np.maximum(time_s, 1e-12) / self.median_s) / (self.sigma * math.sqrt(2))
        return np.array([0.5 * (1 + math.erf(value)) for value in deviations])


def best_schedule(times: LogNormal, price_s: float) -> list[float]:
    """The moments to ask at, in seconds after the launch, if a poll is worth so many seconds of waiting."""
    grid, mass, left = _grid(times)
    costs, following = _solve(grid, mass, left, price_s)
    del costs
    moments, at = [], 0
    while at < len(grid) - 1:
        at = int(following[at])
        moments.append(float(grid[at]))
    return moments


def frontier(times: LogNormal, prices_s: Sequence[float]) -> list[Point]:
    """The best schedules for these prices of a poll, from many polls to few."""
    return [average(best_schedule(times, price_s), times) for price_s in sorted(prices_s)]


def average(moments: Sequence[float], times: LogNormal) -> Point:
    """What a fixed sequence of moments costs; removals that outlast it are not counted."""
    grid, mass, _ = _grid(times)
    first_after = np.searchsorted(np.array(moments), grid, side="left").clip(max=len(moments) - 1)
    waits = np.array(moments)[first_after] - grid
    return Point(float(mass @ (first_after + 1.0)), float(mass @ np.maximum(waits, 0.0)))


def _grid(times: LogNormal) -> tuple[Numbers, Numbers, Numbers]:
    """Moments, the chance that a removal ends in the step before each, and that it lasts longer."""
    end_s = times.median_s * math.exp(_FURTHEST_SIGMAS * times.sigma)
    grid = np.arange(0.0, end_s, times.median_s / _STEPS_PER_MEDIAN)
    mass = np.diff(times.finished_by(grid), prepend=0.0)
    mass = mass / mass.sum()
    return grid, mass, np.maximum(1.0 - np.cumsum(mass), 0.0)


def _solve(grid: Numbers, mass: Numbers, left: Numbers, price_s: float) -> tuple[Numbers, NDArray[np.int64]]:
    """Costs are kept times P(T > t), which spares the divisions."""
    ends, ended = np.cumsum(mass * grid), np.cumsum(mass)
    costs, following = np.zeros(len(grid)), np.zeros(len(grid), dtype=np.int64)
    for at in range(len(grid) - 2, -1, -1):
        after = slice(at + 1, len(grid))
        waited = grid[after] * (ended[after] - ended[at]) - (ends[after] - ends[at])
        candidates = price_s * left[at] + waited + costs[after]
        following[at] = at + 1 + int(np.argmin(candidates))
        costs[at] = candidates.min()
    return costs, following
