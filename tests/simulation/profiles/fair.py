"""A folder that no weather touches, beside one that suffers: it must be nearly as fast as alone."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.profiles.drawn import photos, story
from simulation.story import Story
from simulation.world import FolderPlan

_HEALTHY = "m"


def _healthy(rng: random.Random) -> Story:
    """Draw a sound folder, and one with many photos whose trees and orders are trouble."""
    sick = rng.choice(("a", "z"))
    mounts = {side: rng.choice(("ext4", "nfs4", "cifs")) for side in ("in", "out") if rng.random() < 0.6}
    events = [
        *photos(rng, _HEALTHY, rng.randint(3, 8), first=0, within_s=40.0),
        *photos(rng, sick, rng.randint(8, 25), first=100, within_s=rng.choice((2.0, 30.0))),
        *(_trouble(rng, sick) for _ in range(rng.randint(1, 3))),
    ]
    folders = (FolderPlan(_HEALTHY), FolderPlan(sick, mounts))
    return story(events, folders, weather_s=61.0, processing_s=rng.choice((0.5, 3.0)), healthy=_HEALTHY)


def _trouble(rng: random.Random, sick: str) -> ev.Event:
    at_s, for_s, tree = rng.uniform(0.5, 30.0), rng.uniform(5.0, 60.0), f"{sick}-{rng.choice(('in', 'out'))}"
    name = f"{sick}{rng.randint(0, 7)}.jpg"
    return rng.choice(
        (
            ev.HungShare(at_s=at_s, for_s=for_s, tree=tree),
            ev.TreeAway(at_s=at_s, for_s=for_s, tree=tree),
            ev.DiskFull(at_s=at_s, for_s=for_s, tree=f"{sick}-out"),
            ev.LeaveFolder(at_s=at_s, for_s=for_s, folder=sick),
            ev.Order(at_s=at_s, word=rng.choice(("retry one", "reprocess one")), folder=sick, name=name),
        )
    )


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {"healthy": _healthy}
