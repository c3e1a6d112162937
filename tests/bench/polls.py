"""Figure 3b: how many questions, which cost money, for how much waiting, which costs patience.

cutoutd's own ``Pace`` is played on drawn processing times, with what it learns from at most 50 photos and what it goes
on learning; beside it fixed clocks, the back-off of the official SDKs, and the best that any schedule can do.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from unittest.mock import patch

import numpy as np

from bench.figures import Figure, Findings
from bench.optimum import LogNormal, Point, average, frontier
from bench.stage import MEDIAN_S
from cutoutd.core.photo import Photo, State
from cutoutd.pipeline.completion import poll_schedule
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.uploadcare.responses import Progress, RemovalStatus
from support.ledgers import identity

SIGMAS = (0.25, 0.5)
LEARNED_FROM = 50

#: cutoutd asks when this share of removals is finished, among others the one it is built with: its curve.
FINISHED_SHARES = (0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.92)

_GOAL = 1.1
_ROUNDS = 20
_IN_PROGRESS = RemovalStatus(Progress.IN_PROGRESS, None, None)


def measure(_work: Path, photos: int = 400) -> Findings:
    """Both distributions."""
    figures, series = [], {}
    for sigma in SIGMAS:
        times = LogNormal(MEDIAN_S, sigma)
        ours, best = played(times, photos), frontier(times, [0.02 * 1.25**step for step in range(36)])
        others = rivals(times)
        least_s = _wait_at(best, ours.polls)
        figures += [
            Figure(
                f"added wait, sigma {sigma}: cutoutd against the best schedule of as many polls",
                f"<= {_GOAL} times",
                f"{ours.wait_s / least_s:.2f} times ({_told(ours)}; best {100 * least_s / MEDIAN_S:.1f} %)",
                ours.wait_s / least_s <= _GOAL,
            ),
            Figure(
                f"fixed schedules better in both, sigma {sigma}",
                "none",
                ", ".join(name for name, point in others.items() if _is_better(point, ours)) or "none",
                not any(_is_better(point, ours) for point in others.values()),
            ),
        ]
        figures += [Figure(f"{name}, sigma {sigma}", "", _told(point)) for name, point in others.items()]
        series[str(sigma)] = {
            "best": [(point.polls, point.wait_s) for point in best],
            "cutoutd": (ours.polls, ours.wait_s),
            "cutoutd's curve": [(point.polls, point.wait_s) for point in _curve(times, photos)],
            **{name: (point.polls, point.wait_s) for name, point in others.items()},
        }
    return Findings(figures, series)


def played(times: LogNormal, photos: int) -> Point:
    """The average of cutoutd's polls and waits, after it has learned from ``LEARNED_FROM`` photos."""
    chance = random.Random(6)  # noqa: S311  drawn times, no secrets
    polls, waits_s = 0, 0.0
    for _ in range(_ROUNDS):
        pace = PollSchedule(jitter=chance.random)
        played_out = (_play(pace, number, times, chance) for number in count(1))
        for asked, waited_s in islice(played_out, LEARNED_FROM, LEARNED_FROM + photos):
            polls += asked
            waits_s += waited_s
    return Point(polls / (_ROUNDS * photos), waits_s / (_ROUNDS * photos))


def _curve(times: LogNormal, photos: int) -> Iterator[Point]:
    """What cutoutd's schedule would cost if it asked sooner or later."""
    for share in FINISHED_SHARES:
        with patch.object(poll_schedule, "_FINISHED_SHARE", share):
            yield played(times, photos)


def rivals(times: LogNormal) -> dict[str, Point]:
    """Schedules that know nothing of the service."""
    schedules = {f"every {interval} s": _clock(interval) for interval in (1, 2, 5)}
    schedules["x1.5 back-off"] = _back_off()
    longest_s = times.median_s * math.exp(5 * times.sigma)
    return {
        name: average([moment for moment in islice(moments, 200) if moment < longest_s + 5], times)
        for name, moments in schedules.items()
    }


def _play(pace: PollSchedule, number: int, times: LogNormal, chance: random.Random) -> tuple[int, float]:
    """One photo's way: how often it was asked about, and how long it waited after its end."""
    launched_s = 1000.0 * number
    done_s = launched_s + times.median_s * math.exp(chance.gauss(0.0, times.sigma))
    photo = Photo(number, identity(), State.REMOVAL_STARTED, launched_s, wait=pace.first_wait(launched_s))
    for polls in count(1):
        now_s = photo.wait.until_s
        if now_s >= done_s:
            pace.on_poll_success(photo, now_s)
            return polls, now_s - done_s
        pace.on_poll_unfinished(photo, _IN_PROGRESS, now_s)
        photo = replace(photo, wait=pace.next_wait(photo, now_s))
    raise AssertionError("count never ends")


def _clock(interval_s: float) -> Iterator[float]:
    return (interval_s * number for number in count(1))


def _back_off() -> Iterator[float]:
    """Uploadcare's Rust SDK: after 1 s, each step 1.5 times as long, at most 5 s."""
    moment_s, step_s = 0.0, 1.0
    while True:
        moment_s += step_s
        yield moment_s
        step_s = min(step_s * 1.5, 5.0)


def _wait_at(best: list[Point], polls: float) -> float:
    """The least wait for this many polls; the frontier is read between its points."""
    ordered = sorted(best, key=lambda point: point.polls)
    return float(np.interp(polls, [point.polls for point in ordered], [point.wait_s for point in ordered]))


def _is_better(one: Point, other: Point) -> bool:
    return one.polls <= other.polls and one.wait_s <= other.wait_s


def _told(point: Point) -> str:
    return f"{point.polls:.2f} polls, {100 * point.wait_s / MEDIAN_S:.1f} % added wait"
