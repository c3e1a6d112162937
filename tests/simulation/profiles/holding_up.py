"""Photos that cannot move, beside photos that can: nothing that stands still holds up what can go on."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.checks import is_done_in, only_wait
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Expect, Story


def _turns(rng: random.Random) -> Story:
    """Draw a folder with many photos on a slow line, one with a single photo that comes later, and a start anew."""
    number, seconds, at_s = rng.randint(10, 14), rng.uniform(8.0, 12.0), rng.uniform(5.0, 15.0)
    slow = Fault(Effect.SLOW, frozenset({"upload"}), seconds=seconds)
    events = [
        *photos(rng, "a", number, first=0),
        ev.PutPhoto(at_s=at_s, folder="b", name="single.jpg", picture=300),
        ev.Kill(at_s=at_s + 12.0),
        Expect(at_s=at_s + 15.0 + 4 * seconds, check=is_done_in("b", "single.jpg")),
        ev.NetworkFault(at_s=0.0, for_s=80.0, fault=slow),
    ]
    return story(events, ("a", "b"), options={"concurrency": {"uploads": 1}}, weather_s=81.0, processing_s=0.5)


def _lost_answers(rng: random.Random) -> Story:
    """Draw lost answers whose results cannot be found for a while: all other photos go on."""
    end_s = rng.uniform(80.0, 110.0)
    lost = Fault(rng.choice((Effect.LOST, Effect.ACTED_ANSWER)), frozenset({"execute"}), 0.3, answer="502")
    hidden = Fault(Effect.ANSWER, frozenset({"files"}), answer="503")
    events = [
        *photos(rng, "a", rng.randint(6, 10), first=500, within_s=50.0),
        ev.NetworkFault(at_s=0.0, for_s=end_s, fault=lost),
        ev.NetworkFault(at_s=0.0, for_s=end_s, fault=hidden),
        Expect(at_s=end_s - 5.0, check=only_wait("a lost answer of another photo", "unclear_since_s")),
    ]
    return story(events, weather_s=end_s, processing_s=1.0, is_search_easy=True)


def _placeless(rng: random.Random) -> Story:
    """Draw an output that fills up while removals run, and another folder with photos that come later."""
    places, processing_s = rng.randint(1, 3), rng.uniform(8.0, 12.0)
    end_s = 125.0
    events = [
        *photos(rng, "a", places + rng.randint(0, 2), first=0),
        ev.DiskFull(at_s=rng.uniform(11.0, 13.0), for_s=end_s - 11.0, tree="a-out"),
        ev.PutPhoto(at_s=rng.uniform(50.0, 60.0), folder="b", name="later.jpg", picture=300),
        Expect(at_s=end_s, check=is_done_in("b")),
    ]
    options = {"concurrency": {"removals": places}}
    return story(events, ("a", "b"), options=options, weather_s=end_s + 1.0, processing_s=processing_s)


def _given_up(rng: random.Random) -> Story:
    """Draw a removal that hangs, copies of its photo, and a person who gives it up."""
    at_s = rng.uniform(40.0, 60.0)
    copies = ev.PutPhoto(at_s=rng.uniform(15.0, 25.0), folder="b", name="copy.jpg", picture=1)
    events = [
        ev.PutPhoto(at_s=0.1, folder="a", name="hangs.jpg", picture=1),
        ev.RemovalFault(at_s=0.0, kind="endless", times=1),
        copies,
        ev.Order(at_s=at_s, word="give up one", folder="a", name="hangs.jpg"),
        Expect(at_s=at_s + 60.0, check=is_done_in("b")),
    ]
    return story(events, ("a", "b"), weather_s=at_s + 61.0, processing_s=1.0)


def _full_disk(rng: random.Random) -> Story:
    """Draw an output whose disk is full when cutouts come, and has room again later."""
    for_s = rng.uniform(100.0, 140.0)
    events = [
        *photos(rng, "a", rng.randint(1, 3), first=0),
        ev.DiskFull(at_s=rng.uniform(10.5, 11.5), for_s=for_s, tree="a-out"),
        Expect(at_s=for_s + 60.0, check=is_done_in("a")),
    ]
    return story(events, weather_s=for_s + 61.0, processing_s=rng.uniform(3.0, 6.0))


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "turns": _turns,
    "lost answers": _lost_answers,
    "placeless": _placeless,
    "given up": _given_up,
    "full disk": _full_disk,
}
