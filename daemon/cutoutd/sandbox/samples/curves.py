"""Smooth lines through a few points: how the outlines of the sample products are given.

Pure arithmetic; points come from `products`, the many points in between go to `easel`.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]

_STEPS = 24
_FOOT_DEPTH = 0.14
"""How far a round foot bulges downward, of its half width: the camera looks down a little."""


def smooth(points: Sequence[Point], *, is_closed: bool = True) -> list[Point]:
    """Points along a Catmull-Rom curve that goes through every one of ``points``."""
    ring = [points[-1], *points, *points[:2]] if is_closed else [points[0], *points, points[-1]]
    return [
        _between(ring[index : index + 4], step / _STEPS) for index in range(len(ring) - 3) for step in range(_STEPS)
    ] + ([] if is_closed else [points[-1]])


def widths(profile: Sequence[Point]) -> list[Point]:
    """A turned body's half width at every whole y, from a few ``(half width, y)`` given from top to bottom.

    Below the last one the body ends in half an ellipse, the near edge of its round foot.
    """
    places = [profile[0], *profile, profile[-1]]
    slopes = [
        (after[0] - before[0]) / (after[1] - before[1])
        for before, _, after in zip(places, places[1:], places[2:], strict=False)
    ]
    body = [
        (_hermite(start, end, slopes[index : index + 2], row), float(row))
        for index, (start, end) in enumerate(pairwise(profile))
        for row in range(round(start[1]), round(end[1]))
    ]
    half, floor = profile[-1]
    depth = half * _FOOT_DEPTH
    return body + [(half * math.sqrt(1 - (row / depth) ** 2), floor + row) for row in range(int(depth))]


def near_edge(axis: float, half: float, y: float) -> list[Point]:
    """The near half of a circle around a round body, seen as its foot is seen: from left to right."""
    turns = [math.pi * step / _STEPS for step in range(_STEPS + 1)]
    return [(axis - half * math.cos(turn), y + half * _FOOT_DEPTH * math.sin(turn)) for turn in turns]


def _hermite(start: Point, end: Point, slopes: Sequence[float], row: float) -> float:
    """The width at ``row`` on a cubic that leaves ``start`` and meets ``end`` at these slopes."""
    span = end[1] - start[1]
    share = (row - start[1]) / span
    leaving, meeting = (slope * span for slope in slopes)
    bend = (
        share * (1 - share) * ((leaving - (end[0] - start[0])) * (1 - share) - (meeting - (end[0] - start[0])) * share)
    )
    return max(start[0] + (end[0] - start[0]) * share + bend, 0)


def _between(around: Sequence[Point], share: float) -> Point:
    """The point at ``share`` of the way from the second to the third of four points."""
    x, y = (_blend(along, share) for along in zip(*around, strict=True))
    return x, y


def _blend(along: Sequence[float], share: float) -> float:
    before, start, end, after = along
    return 0.5 * (
        2 * start
        + (end - before) * share
        + (2 * before - 5 * start + 4 * end - after) * share**2
        + (3 * start - before - 3 * end + after) * share**3
    )
