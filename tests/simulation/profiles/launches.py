"""Paid calls whose answers are late, lost, or come in a bad moment."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.checks import cuts_no_paid_call
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Story
from simulation.world import FolderPlan

#: A result with such parameters cannot be compared, so a lost answer can be told from no picture.
_CROPPED = FolderPlan("a", options={"remove_bg": {"crop": True}})


def _two_parameters(rng: random.Random) -> Story:
    """Draw one picture in two folders with different parameters, and lost answers for both."""
    lost = Fault(Effect.LOST, frozenset({"execute"}))
    kinds = {"type": rng.choice(("product", "person", "car"))}
    folders = (FolderPlan("a"), FolderPlan("b", options={"remove_bg": kinds}))
    events = [
        ev.NetworkFault(at_s=0.0, for_s=40.0, fault=lost),
        *(ev.PutPhoto(at_s=rng.uniform(0.0, 3.0), folder=each, name=f"{each}.jpg", picture=500) for each in ("a", "b")),
    ]
    return story(events, folders, weather_s=45.0, processing_s=rng.uniform(5.0, 10.0), is_search_easy=True)


def _ledger_away(rng: random.Random) -> Story:
    """Draw a ledger that is away when paid calls are answered, and maybe a kill before it is back."""
    slow = Fault(Effect.SLOW, frozenset({"execute"}), seconds=rng.uniform(4.0, 6.0))
    for_s = rng.uniform(14.0, 20.0)
    events: list[ev.Event] = [
        ev.NetworkFault(at_s=0.0, for_s=30.0, fault=slow),
        *photos(rng, "a", rng.randint(1, 2), first=0),
        ev.LedgerAway(at_s=rng.uniform(11.0, 12.0), for_s=for_s),
    ]
    if rng.random() < 0.6:
        events.append(ev.Kill(at_s=11.0 + for_s - 0.5))
    return story(events, (_CROPPED,), weather_s=45.0, processing_s=1.0)


def _reloads(rng: random.Random) -> Story:
    """Draw reloads while paid calls are answered late."""
    slow = Fault(Effect.SLOW, frozenset({"execute"}), seconds=rng.uniform(25.0, 50.0))
    events = [
        ev.NetworkFault(at_s=0.0, for_s=40.0, fault=slow),
        *photos(rng, "a", rng.randint(1, 3), first=0),
        ev.Reload(at_s=rng.uniform(10.6, 14.0), uploads=rng.randint(1, 8)),
    ]
    return story(events, weather_s=70.0, processing_s=0.5, checks=(cuts_no_paid_call,))


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "two parameters": _two_parameters,
    "ledger away": _ledger_away,
    "late answers": _reloads,
}
