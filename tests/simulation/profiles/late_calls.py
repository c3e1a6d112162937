"""Launches that a gateway breaks off and delivers later: each photo is paid for once all the same."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Story


def _held(rng: random.Random) -> Story:
    """Draw launches that are delivered before, in or after the search for their removals."""
    held = Fault(Effect.HELD, frozenset({"execute"}), rng.choice((0.3, 0.6, 1.0)), seconds=rng.uniform(1.0, 150.0))
    events = [
        *photos(rng, "a", rng.randint(3, 8), first=500),
        ev.NetworkFault(at_s=0.0, for_s=rng.uniform(30.0, 100.0), fault=held),
    ]
    return story(events, weather_s=200.0, processing_s=rng.choice((0.5, 4.0, 20.0)), is_search_easy=True)


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {"held": _held}
