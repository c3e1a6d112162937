"""Allowances for a day: photos that cannot use one keep none from those that can."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Story


def _kept_back(rng: random.Random) -> Story:
    """Draw a folder whose photos are uploaded when they can go on no more, and one with photos that come later."""
    busy = Fault(Effect.ANSWER, frozenset({"execute"}), answer="429_short")
    at_s = rng.uniform(15.0, 20.0)
    trouble: tuple[ev.Event, ...] = (
        ev.LeaveFolder(at_s=at_s, folder="a"),
        ev.DiskFull(at_s=at_s, tree="a-out"),
        ev.TreeAway(at_s=at_s, tree="a-in"),
    )
    first, later = rng.randint(3, 4), rng.randint(1, 3)
    events = [
        ev.NetworkFault(at_s=0.0, for_s=30.0, fault=busy),
        *photos(rng, "a", first, first=0),
        rng.choice(trouble),
        *(
            ev.PutPhoto(at_s=rng.uniform(35.0, 45.0), folder="b", name=f"b{each}.jpg", picture=300 + each)
            for each in range(later)
        ),
    ]
    options = {"limits": {"per_day": first}}
    return story(events, ("a", "b"), options=options, weather_s=60.0, processing_s=1.0, waiting=frozenset({"a"}))


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {"kept back": _kept_back}
