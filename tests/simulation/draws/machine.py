"""Trouble of single machines: shares that hang."""

import random

from simulation import events as ev
from simulation.draws.moments import moment, span
from simulation.world import FolderPlan


def hung_shares(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw trees that do not answer for a while; most of them while photos are under way."""
    trees = rng.sample([f"{folder.name}-{side}" for folder in folders for side in ("in", "out")], rng.randint(1, 2))
    return [
        ev.HungShare(at_s=rng.choice((moment(rng), rng.uniform(0.5, 40.0))), for_s=span(rng), tree=tree)
        for tree in trees
    ]
