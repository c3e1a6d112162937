"""People and other programs with hands in the outputs, at the worst moments."""

import os
import random
from collections.abc import Callable, Mapping

from cutoutd.core.draft_writers import _machine, _process
from simulation import events as ev
from simulation.checks import has_cutout
from simulation.profiles.drawn import photos, story
from simulation.story import Expect, Story
from simulation.world import FolderPlan

#: Scans follow each other soon, so that a removed photo is soon believed to be removed.
_OFTEN = {"watch": {"mode": "polling", "stability_delay_s": 0.5, "rescan_interval_s": 5.0}}


def _retouchers(rng: random.Random) -> Story:
    """Draw cutouts that people save over while they are replaced, or removed with their photos."""
    number, at_s = rng.randint(1, 3), rng.uniform(30.0, 40.0)
    removes = rng.random() < 0.5
    change: list[ev.Event] = [
        ev.RemovePhoto(at_s=at_s, folder="a", name=f"a{each}.jpg")
        if removes
        else ev.PutPhoto(at_s=at_s, folder="a", name=f"a{each}.jpg", picture=100 + each)
        for each in range(number)
    ]
    # One photo stays, because a folder that loses all at once counts as away.
    events = [*photos(rng, "a", number + 1, first=0), ev.SaveOver(at_s=at_s - 5.0, for_s=60.0), *change]
    plan = FolderPlan("a", options={"on_source_removed": "delete" if removes else "keep"})
    return story(events, (plan,), options=_OFTEN, weather_s=at_s + 60.0, processing_s=0.5)


def _scribblers(rng: random.Random) -> Story:
    """Draw a cutout that is written to while it is copied for an equal photo."""
    events = [
        ev.PutPhoto(at_s=0.1, folder="a", name="first.jpg", picture=1),
        ev.Scribble(at_s=rng.uniform(22.0, 25.0), folder="a", name="first.png", picture=1),
        ev.PutPhoto(at_s=rng.uniform(26.0, 29.0), folder="b", name="copy.jpg", picture=1),
    ]
    return story(events, ("a", "b"), weather_s=50.0, processing_s=0.5)


def _leftovers(rng: random.Random) -> Story:
    """Draw an original that another instance has set aside, and the draft of a living one, before a start."""
    digits = f"{rng.getrandbits(64):016x}"
    living = f"{_machine()}{_process(os.getppid())}{rng.getrandbits(24):06x}"
    names = (f".cutoutd-aside-{digits}.jpg", f".cutoutd-{living}.png")
    at_s = rng.uniform(2.0, 15.0)
    events = [
        *photos(rng, "a", rng.randint(1, 2), first=0),
        *(ev.ForeignFile(at_s=at_s, folder="a", name=name) for name in rng.sample(names, rng.randint(1, 2))),
        ev.Kill(at_s=at_s + rng.uniform(0.5, 10.0)),
    ]
    return story(events, weather_s=30.0, processing_s=0.5)


def _forgers(rng: random.Random) -> Story:
    """Draw pictures with a forged origin that lie in the places of cutouts before their photos come."""
    number = rng.randint(1, 3)
    forged: list[ev.Event] = [
        ev.ForgeCutout(at_s=0.05, folder="a", name=f"a{each}.jpg", picture=each)
        for each in rng.sample(range(number), rng.randint(1, number))
    ]
    return story([*forged, *photos(rng, "a", number, first=0)], weather_s=25.0, processing_s=0.5)


def _movers(rng: random.Random) -> Story:
    """Draw photos that move to a share that is away for this machine, from a folder that deletes with its photos."""
    at_s = rng.uniform(25.0, 35.0)
    events = [
        *photos(rng, "a", 3, first=0),
        *photos(rng, "b", 1, first=50),
        ev.TreeAway(at_s=at_s, for_s=70.0, tree="b-in"),
        ev.MoveToAway(at_s=at_s + rng.uniform(2.0, 5.0), folder="a", name="a1.jpg", to="b"),
        Expect(at_s=at_s + 65.0, check=has_cutout("a", "a1.png")),
    ]
    plan = FolderPlan("a", options={"on_source_removed": "delete"})
    return story(events, (plan, "b"), options=_OFTEN, weather_s=at_s + 71.0, processing_s=0.5)


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "retouchers": _retouchers,
    "scribblers": _scribblers,
    "leftovers": _leftovers,
    "forgers": _forgers,
    "movers": _movers,
}
