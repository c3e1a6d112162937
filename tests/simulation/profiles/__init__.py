"""Narrow weather: each profile draws a small world of its own, in which one kind of trouble shows soon."""

from simulation.profiles import fair, holding_up

NARROW = {**holding_up.PROFILES, **fair.PROFILES}
