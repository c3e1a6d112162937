"""Trouble of the service: webhook messages on their way, endless lists of files, doubtful results."""

import random

from simulation import events as ev
from simulation.service.faults import Effect, Fault
from simulation.world import FolderPlan

_HOOK = frozenset({"hook"})


def webhook_trouble(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw trouble on the way of the messages, some of it while the answers to launches are lost too."""
    found: list[ev.Event] = [
        ev.NetworkFault(at_s=rng.uniform(0.0, 60.0), for_s=rng.uniform(10.0, 200.0), fault=_fault(rng))
        for _ in range(rng.randint(1, 3))
    ]
    if rng.random() < 0.5:
        lost = Fault(rng.choice((Effect.LOST, Effect.DEAF)), frozenset({"execute"}), rng.choice((0.3, 1.0)))
        found.append(ev.NetworkFault(at_s=rng.uniform(0.0, 30.0), for_s=rng.uniform(5.0, 60.0), fault=lost))
    return found


def endless_lists(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw a list of files that has always one more page."""
    fault = Fault(Effect.ENDLESS, frozenset({"files"}), rng.choice((0.5, 1.0)))
    return [ev.NetworkFault(at_s=0.0, for_s=rng.uniform(60.0, 250.0), fault=fault)]


def doubtful_results(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw results without transparency, for which no source may leave."""
    return [
        ev.RemovalFault(at_s=rng.uniform(0.0, 60.0), kind=rng.choice(("opaque", "downscale")), times=rng.randint(1, 3))
    ]


def _fault(rng: random.Random) -> Fault:
    rate = rng.choice((0.3, 0.6, 1.0))
    choice = rng.random()
    if choice < 0.3:
        return Fault(rng.choice((Effect.REFUSED, Effect.RESET, Effect.SILENT)), _HOOK, rate)
    if choice < 0.5:
        return Fault(Effect.ANSWER, _HOOK, rate, answer="portal")  # the service takes it for delivered
    if choice < 0.7:
        return Fault(Effect.LATE, _HOOK, rate, seconds=rng.uniform(5.0, 200.0))
    return Fault(rng.choice((Effect.DOUBLE, Effect.LOST, Effect.DEAF)), _HOOK, rate)
