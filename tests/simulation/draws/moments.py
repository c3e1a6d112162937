"""Moments and spans of weather."""

import random

from simulation.story import WEATHER_S


def moment(rng: random.Random) -> float:
    """Return a moment in the weather."""
    return rng.uniform(1.0, WEATHER_S * 0.9)


def span(rng: random.Random, longest_s: float = 200.0) -> float:
    """Return the length of a spell: most are short."""
    return min(longest_s, rng.lognormvariate(3.5, 1.2))
