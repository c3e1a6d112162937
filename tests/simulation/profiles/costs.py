"""What is asked again and again, and what stays at the service: each costs money."""

import random
from collections.abc import Callable, Mapping

from simulation import events as ev
from simulation.checks import asked_at_most, keeps_nothing, keeps_only_known, records_deletions
from simulation.profiles.drawn import photos, story
from simulation.service.faults import Effect, Fault
from simulation.story import Expect, Story


def _not_delivered(rng: random.Random) -> Story:
    """Draw results that the CDN never has."""
    gone = Fault(Effect.ANSWER, frozenset({"cdn"}), answer="404", only_every=1)
    events = [ev.NetworkFault(at_s=0.0, fault=gone), *photos(rng, "a", rng.randint(1, 2), first=0)]
    return story(events, weather_s=900.0, processing_s=0.5, checks=(asked_at_most(45, "cdn"),))


def _vanishing_uploads(rng: random.Random) -> Story:
    """Draw uploads that the service has lost as soon as they are asked for."""
    gone = Fault(Effect.ANSWER, frozenset({"file"}), answer="404", only_every=1)
    events = [ev.NetworkFault(at_s=0.0, fault=gone), *photos(rng, "a", 1, first=0)]
    return story(
        events, weather_s=200.0, processing_s=0.5, checks=(asked_at_most(12, "upload"),), waiting=frozenset({"a"})
    )


def _busy_service(rng: random.Random) -> Story:
    """Draw launches that are refused for their number, again and again."""
    busy = Fault(Effect.ANSWER, frozenset({"execute"}), rng.choice((0.8, 1.0)), answer="429_short")
    events = [
        ev.NetworkFault(at_s=0.0, for_s=rng.uniform(50.0, 70.0), fault=busy),
        *photos(rng, "a", rng.randint(1, 2), first=0),
    ]
    return story(events, weather_s=75.0, processing_s=0.5, checks=(asked_at_most(5, "file"),))


def _slow_deletions(rng: random.Random) -> Story:
    """Draw a service that takes its time to delete."""
    slow = Fault(Effect.SLOW, frozenset({"delete"}), seconds=rng.uniform(5.0, 9.0))
    events = [ev.NetworkFault(at_s=0.0, for_s=110.0, fault=slow), *photos(rng, "a", rng.randint(1, 3), first=0)]
    look = Expect(at_s=100.0, check=records_deletions)
    return story([*events, look], weather_s=101.0, processing_s=0.5)


def _changing_photos(rng: random.Random) -> Story:
    """Draw photos that are rewritten while they are sent."""
    slow = Fault(Effect.SLOW, frozenset({"upload"}), seconds=rng.uniform(2.0, 5.0))
    number = rng.randint(1, 3)
    again = [
        ev.PutPhoto(at_s=rng.uniform(10.5, 11.9), folder="a", name=f"a{each}.jpg", picture=50 + each)
        for each in range(number)
    ]
    events = [ev.NetworkFault(at_s=0.0, for_s=40.0, fault=slow), *photos(rng, "a", number, first=0), *again]
    return story(events, weather_s=70.0, processing_s=0.5, checks=(keeps_only_known,))


def _made_again(rng: random.Random) -> Story:
    """Draw cutouts that a person wants anew before the first ones are cleaned up, and a pause then."""
    at_s, number = rng.uniform(15.0, 25.0), rng.randint(1, 2)
    events = [
        *photos(rng, "a", number, first=0),
        ev.Order(at_s=at_s, word="reprocess one", folder="a", name="a0.jpg"),
        ev.Pause(at_s=at_s - 0.1, for_s=90.0),
        Expect(at_s=at_s + 80.0, check=keeps_nothing),
    ]
    return story(events, weather_s=at_s + 100.0, processing_s=0.5)


PROFILES: Mapping[str, Callable[[random.Random], Story]] = {
    "not delivered": _not_delivered,
    "vanishing uploads": _vanishing_uploads,
    "busy service": _busy_service,
    "slow deletions": _slow_deletions,
    "changing photos": _changing_photos,
    "made again": _made_again,
}
