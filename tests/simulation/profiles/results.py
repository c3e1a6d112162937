"""Results that are no good cutouts, and photos that are sent in two sizes."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.checks import asked_at_most, keeps_doubtful
from simulation.pictures import LARGE
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Story
from simulation.world import FolderPlan


def _spoilt(rng: random.Random) -> Story:
    """Draw results that the CDN delivers spoilt, for ever, with copies of their photos in another folder."""
    junk = Fault(Effect.JUNK, frozenset({"cdn"}), only_every=rng.choice((1, 2)))
    number = rng.randint(2, 4)
    copies = rng.sample(range(number), rng.randint(1, 2))
    events = [
        ev.NetworkFault(at_s=0.0, fault=junk),
        *photos(rng, "a", number, first=0),
        *(ev.PutPhoto(at_s=rng.uniform(0.0, 40.0), folder="b", name=f"b{each}.jpg", picture=each) for each in copies),
    ]
    checks = (asked_at_most(14, "cdn"),)
    return story(events, ("a", "b"), weather_s=200.0, processing_s=0.5, checks=checks)


def _giants(rng: random.Random) -> Story:
    """Draw a while in which the CDN delivers sound pictures of an absurd size."""
    giant = Fault(Effect.GIANT, frozenset({"cdn"}), rng.choice((0.5, 1.0)))
    events = [*photos(rng, "a", rng.randint(1, 3), first=0), ev.NetworkFault(at_s=0.0, for_s=20.0, fault=giant)]
    return story(events, weather_s=25.0, processing_s=0.5)


def _doubtful(rng: random.Random) -> Story:
    """Draw cutouts without transparency or of another size, whose photos would be deleted after a sound one."""
    kind, number = rng.choice(("opaque", "downscale")), rng.randint(2, 3)
    events: list[ev.Event] = [
        ev.RemovalFault(at_s=0.0, kind=kind, times=number),
        *(ev.PutPhoto(at_s=0.1 * each, folder="a", name=f"sub/a{each}.jpg", picture=each) for each in range(number)),
        *photos(rng, "a", 1, first=100, within_s=30.0),
    ]
    if rng.random() < 0.5:
        events.append(ev.Order(at_s=rng.uniform(30.0, 40.0), word="approve one", folder="a", name="sub"))
    plan = FolderPlan("a", options={"on_success": "delete"})
    return story(events, (plan,), weather_s=55.0, processing_s=0.5, checks=(keeps_doubtful,))


def _two_sizes(rng: random.Random) -> Story:
    """Draw one picture that a folder sends smaller, and another folder as it is."""
    small = {"oversize": "shrink", "max_size": rng.choice((30_000, 40_000))}
    first, second = rng.sample(("a", "b"), 2)
    number = rng.randint(1, 2)
    events = [
        ev.PutPhoto(at_s=at_s, folder=folder, name=f"{folder}{each}.jpg", picture=LARGE + each)
        for folder, at_s in ((first, 0.1), (second, rng.uniform(15.0, 25.0)))
        for each in range(number)
    ]
    return story(events, (FolderPlan("a", options=small), "b"), weather_s=40.0, processing_s=0.5)


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "spoilt": _spoilt,
    "giants": _giants,
    "doubtful": _doubtful,
    "two sizes": _two_sizes,
}
