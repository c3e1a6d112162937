"""Photos that cannot move, beside photos that can: nothing that stands still holds up what can go on."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.checks import is_done_in, only_wait
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Expect, Story


def _turns(rng: random.Random) -> Story:
    """Draw a folder with many photos on a slow line, and one with a single photo that comes later."""
    number, seconds, at_s = rng.randint(30, 40), rng.uniform(3.0, 4.0), rng.uniform(5.0, 20.0)
    slow = Fault(Effect.SLOW, frozenset({"upload"}), seconds=seconds)
    single = ev.PutPhoto(at_s=at_s, folder="b", name="single.jpg", picture=300)
    look = Expect(at_s=at_s + 12 * seconds, check=is_done_in("b", "single.jpg"))
    events = [*photos(rng, "a", number, first=0), single, look, ev.NetworkFault(at_s=0.0, for_s=60.0, fault=slow)]
    return story(events, ("a", "b"), options={"concurrency": {"uploads": 1}}, weather_s=61.0, processing_s=0.5)


def _lost_answers(rng: random.Random) -> Story:
    """Draw lost answers whose results cannot be found for a while: all other photos go on."""
    end_s = rng.uniform(60.0, 100.0)
    lost = Fault(rng.choice((Effect.LOST, Effect.ACTED_ANSWER)), frozenset({"execute"}), 0.2, answer="502")
    hidden = Fault(Effect.ANSWER, frozenset({"files"}), answer="503")
    events = [
        *photos(rng, "a", rng.randint(8, 15), first=500),
        ev.NetworkFault(at_s=0.0, for_s=end_s, fault=lost),
        ev.NetworkFault(at_s=0.0, for_s=end_s, fault=hidden),
        Expect(at_s=end_s - 5.0, check=only_wait("a lost answer of another photo", "unclear_since_s")),
    ]
    return story(events, weather_s=end_s, processing_s=1.0, is_search_easy=True)


def _stuck(rng: random.Random) -> Story:
    """Draw removals that hang, as many as may run at once, beside many that do not."""
    places = rng.randint(1, 2)
    events = [
        ev.RemovalFault(at_s=0.0, kind="endless", times=places),
        *photos(rng, "a", rng.randint(10, 14), first=0, within_s=60.0),
    ]
    return story(events, options={"concurrency": {"removals": places}}, weather_s=61.0, processing_s=1.0)


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "turns": _turns,
    "lost answers": _lost_answers,
    "stuck": _stuck,
}
