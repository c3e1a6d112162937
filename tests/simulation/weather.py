"""The drawing of a world from a seed: its folders, its photos, its weather."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from simulation import events as ev
from simulation.draws.machine import hung_shares
from simulation.draws.people import orders, retouches, short_absences
from simulation.draws.plans import begin_of, folder_options, settings_for
from simulation.draws.service import doubtful_results, endless_lists, webhook_trouble
from simulation.pictures import OWN_SHAPES
from simulation.profiles import NARROW
from simulation.service.faults import Effect, Fault
from simulation.story import WEATHER_S, Story
from simulation.world import FolderPlan

#: The weather of a mixed world passes so many times faster than it was drawn, because most faults need no minutes.
PACES = (1.0, 4.0, 6.0, 8.0, 8.0, 12.0, 12.0, 12.0)

#: A folder of a mixed world has at most so many photos: many small worlds find more than a few large ones.
MOST_PHOTOS = (2, 4, 12)

Draw = Callable[[random.Random, tuple[FolderPlan, ...]], list[ev.Event]]


def _moment(rng: random.Random) -> float:
    return rng.uniform(1.0, WEATHER_S * 0.9)


def _span(rng: random.Random, longest_s: float = 200.0) -> float:
    return min(longest_s, rng.lognormvariate(3.5, 1.2))


def _photos(rng: random.Random, folders: tuple[FolderPlan, ...], most: tuple[int, ...]) -> list[ev.Event]:
    """Draw photos: most of them at the beginning, some copies, some that change."""
    found: list[ev.Event] = []
    pictures = 0
    for folder in folders:
        burst_s = rng.choice((1.0, 60.0, 200.0))
        for number in range(rng.randint(1, rng.choice(most))):
            copy = rng.random() < 0.2 and pictures > 0
            picture = rng.randrange(pictures) if copy else pictures
            pictures += not copy
            sub = rng.choice(("", "", "", "sub/", "a b/"))
            name, at_s = f"{sub}{folder.name}{number}.jpg", rng.uniform(0.0, burst_s)
            found.append(ev.PutPhoto(at_s=at_s, folder=folder.name, name=name, picture=picture))
            fate = rng.random()
            later_s = at_s + rng.choice((0.2, 3.0, 20.0, 100.0)) * rng.uniform(0.5, 1.5)
            if fate < 0.08:
                found.append(ev.PutPhoto(at_s=later_s, folder=folder.name, name=name, picture=pictures))
                pictures += 1
            elif fate < 0.14:
                found.append(ev.RenamePhoto(at_s=later_s, folder=folder.name, name=name, new=f"new-{number}.jpg"))
            elif fate < 0.18:
                found.append(ev.RemovePhoto(at_s=later_s, folder=folder.name, name=name))
            elif fate < 0.22:
                found.append(ev.FeedBack(at_s=later_s + 30, folder=folder.name, name=name))
            elif fate < 0.25 and not sub:
                found.append(ev.ForeignFile(at_s=later_s, folder=folder.name, name=f"{folder.name}{number}.png"))
    return found


def _tellable(photos: list[ev.Event]) -> list[ev.Event]:
    """Return the photos with shapes of their own; else a launch whose photo is gone cannot be told from others."""
    return [
        replace(event, picture=event.picture + OWN_SHAPES) if isinstance(event, ev.PutPhoto) else event
        for event in photos
    ]


_KINDS = ("upload", "execute", "status", "file", "files", "cdn", "delete", "store")
_BEFORE = (Effect.REFUSED, Effect.NO_ROUTE, Effect.RESET, Effect.SILENT)
_AFTER = (Effect.LOST, Effect.DEAF)
_ODD = (
    "500",
    "502",
    "503",
    "503_later",
    "504",
    "429",
    "429_bare",
    "portal",
    "empty",
    "half",
    "list",
    "types",
    "deep",
    "surrogate",
)


def _network(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    return [
        ev.NetworkFault(at_s=_moment(rng), for_s=_span(rng), fault=_network_fault(rng))
        for _ in range(rng.randint(1, 6))
    ]


def _network_fault(rng: random.Random) -> Fault:
    on = frozenset(rng.sample(_KINDS, rng.randint(1, 3))) if rng.random() < 0.7 else frozenset()
    rate = rng.choice((0.1, 0.3, 0.6, 1.0))
    choice = rng.random()
    if choice < 0.35:
        return Fault(rng.choice(_BEFORE), on, rate)
    if choice < 0.55:
        return Fault(rng.choice(_AFTER), on, rate)
    if choice < 0.65:
        return Fault(Effect.SLOW, on, rate, seconds=rng.uniform(1, 100))
    if choice < 0.7:
        return Fault(Effect.LATE, on, rate, seconds=rng.uniform(1, 200))
    if choice < 0.75:
        return Fault(Effect.CUT, frozenset({"cdn"}), rate)
    effect = rng.choice((Effect.ANSWER, Effect.ANSWER, Effect.ACTED_ANSWER))
    return Fault(effect, on, rate, answer=rng.choice(_ODD))


def _lost_launches(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw launches with lost responses, and nothing that would hinder the search for their results."""
    return [
        ev.NetworkFault(
            at_s=rng.uniform(0.0, 60.0),
            for_s=rng.uniform(20.0, 300.0),
            fault=Fault(rng.choice(_AFTER), frozenset({"execute"}), rng.choice((0.1, 0.3, 0.6, 1.0))),
        )
    ]


def _refusals(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw refusals that halt the service, for one kind of request or all."""
    kind = frozenset({rng.choice(("upload", "execute", "status", "file", "cdn", "delete"))})
    return [
        ev.NetworkFault(
            at_s=rng.uniform(0.0, 60.0),
            for_s=rng.uniform(1.0, 200.0),
            fault=Fault(Effect.ANSWER, rng.choice((kind, frozenset())), 1.0, answer=rng.choice(("401", "403"))),
        )
        for _ in range(rng.randint(1, 2))
    ]


def _throttles(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw refusals for the number of requests."""
    return [
        ev.NetworkFault(
            at_s=rng.uniform(0.0, 60.0),
            for_s=rng.uniform(5.0, 60.0),
            fault=Fault(Effect.ANSWER, frozenset({"execute"}), rng.choice((0.3, 1.0)), answer="429_short"),
        )
    ]


def _bad_removals(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw removals that fail or never end; photos of theirs are never done, all others are."""
    kinds = ("endless", "error_details", "engine_error", "expired_result", "not_png", "opaque", "half_png")
    return [
        ev.RemovalFault(at_s=rng.uniform(0.0, 300.0), kind=rng.choice(kinds), times=rng.randint(1, 3))
        for _ in range(rng.randint(1, 3))
    ]


def _lost_ledgers(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    return [ev.LedgerAway(at_s=rng.uniform(5.0, 120.0), for_s=rng.uniform(1.0, 60.0)) for _ in range(rng.randint(1, 2))]


def _unsent(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw launches that fail before the service acts."""
    fault = rng.choice((Fault(Effect.RESET), Fault(Effect.ANSWER, answer="503"), Fault(Effect.ANSWER, answer="502")))
    fault = replace(fault, on=frozenset({"execute"}), rate=rng.choice((0.1, 0.3, 0.6)))
    return [ev.NetworkFault(at_s=0.0, for_s=rng.uniform(60.0, 200.0), fault=fault)]


def _one_file(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw a refusal that is about some files only, and never ends."""
    fault = Fault(Effect.ANSWER, frozenset({"cdn"}), answer=rng.choice(("403", "portal")), only_every=4)
    return [ev.NetworkFault(at_s=0.0, fault=fault)]


def _refused_types(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw a while in which the project allows no photo to be uploaded."""
    fault = Fault(Effect.ANSWER, frozenset({"upload"}), answer="400_types")
    return [ev.NetworkFault(at_s=rng.uniform(0.0, 20.0), for_s=rng.uniform(30.0, 200.0), fault=fault)]


def _junk(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw a while in which the CDN delivers nonsense."""
    fault = Fault(Effect.JUNK, frozenset({"cdn"}), rng.choice((0.3, 1.0)))
    return [ev.NetworkFault(at_s=rng.uniform(0.0, 20.0), for_s=rng.uniform(10.0, 60.0), fault=fault)]


def _leavers(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw a folder that leaves the configuration while its photos are under way."""
    return [ev.LeaveFolder(at_s=rng.uniform(5.0, 60.0), folder=rng.choice(folders).name)]


def _slow_launches(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    fault = Fault(Effect.SLOW, frozenset({"execute"}), 0.7, seconds=rng.uniform(5.0, 100.0))
    return [ev.NetworkFault(at_s=0.0, for_s=rng.uniform(30.0, 200.0), fault=fault)]


def _kills(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    soon = [ev.Kill(at_s=rng.uniform(0.5, 60.0)) for _ in range(rng.randint(0, 3))]
    return [*soon, *(ev.Kill(at_s=_moment(rng)) for _ in range(rng.randint(0, 2)))]


def _reloads(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    return [
        ev.Reload(at_s=rng.choice((_moment(rng), rng.uniform(0.5, 60.0))), uploads=rng.randint(1, 8))
        for _ in range(rng.randint(1, 2))
    ]


def _clocks(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    sizes = (5.0, 120.0, 3_700.0, 90_000.0, 40 * 86_400.0, 3.9 * 365 * 86_400.0)
    return [
        ev.ClockStep(
            at_s=rng.choice((_moment(rng), rng.uniform(1.0, 60.0))), by_s=rng.choice((1, -1)) * rng.choice(sizes)
        )
        for _ in range(rng.randint(1, 3))
    ]


def _shares(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    return [
        ev.TreeAway(
            at_s=_moment(rng),
            for_s=_span(rng),
            tree=f"{rng.choice(folders).name}-{rng.choice(('in', 'out'))}",
        )
        for _ in range(rng.randint(1, 2))
    ]


def _full_disks(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    return [
        ev.DiskFull(at_s=_moment(rng), for_s=_span(rng), tree=f"{rng.choice(folders).name}-out")
        for _ in range(rng.randint(1, 2))
    ]


def _people(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    found: list[ev.Event] = [ev.Order(at_s=_moment(rng), word="retry") for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.4:
        found.append(ev.Pause(at_s=_moment(rng), for_s=_span(rng)))
    return found


#: What a profile draws besides photos.
PROFILES: Mapping[str, tuple[Draw, ...]] = {
    "calm": (),
    "network": (_network,),
    "lost": (_lost_launches,),
    "halts": (_refusals,),
    "throttles": (_throttles,),
    "removals": (_bad_removals,),
    "ledger": (_lost_ledgers,),
    "kills": (_kills,),
    "unsent": (_unsent,),
    "one file": (_one_file,),
    "types": (_refused_types,),
    "junk": (_junk,),
    "leavers": (_leavers,),
    "reloads": (_reloads, _slow_launches),
    "clocks": (_clocks,),
    "shares": (_shares,),
    "disks": (_full_disks,),
    "people": (_people,),
    "webhooks": (webhook_trouble,),
    "orders": (orders, _bad_removals),
    "retouched": (retouches,),
    "absences": (short_absences,),
    "sources": (retouches, _kills, doubtful_results),
    "limits": (_kills,),
    "hung": (hung_shares,),
    "lists": (_lost_launches, endless_lists),
    "all": (
        _network,
        _kills,
        _reloads,
        _clocks,
        _shares,
        _full_disks,
        _people,
        orders,
        retouches,
        short_absences,
        hung_shares,
        webhook_trouble,
    ),
}

#: In these, nothing hinders the search for the result of a lost launch: no response lost is an excuse.
_EASY_TO_SEARCH = frozenset({"lost", "kills", "webhooks"})


def _mounts(rng: random.Random) -> dict[str, str]:
    return {side: rng.choice(("ext4", "nfs4", "cifs", "fuse.sshfs")) for side in ("in", "out") if rng.random() < 0.6}


def draw(seed: int, profile: str = "all") -> Story:
    """Return the story of a seed; of a mixed profile, each seed has some kinds of weather."""
    rng = random.Random(f"story {seed} {profile}")  # noqa: S311  a world, not a secret
    if profile in NARROW:
        return replace(NARROW[profile](rng), seed=seed, profile=profile)
    names = ("a", "b", "c")[: rng.choice((1, 2, 2, 3))]
    folders = tuple(FolderPlan(name, _mounts(rng), folder_options(profile, rng)) for name in names)
    draws, is_mixed = PROFILES[profile], profile == "all"
    if is_mixed:
        draws = tuple(each for each in draws if rng.random() < 0.3)
    photos = _photos(rng, folders, MOST_PHOTOS if is_mixed else (12,))
    if profile in _EASY_TO_SEARCH:
        photos = _tellable(photos)
    events = [*photos, *(event for each in draws for event in each(rng, folders))]
    pace = rng.choice(PACES) if is_mixed else 1.0
    events = [replace(event, at_s=event.at_s / pace, for_s=event.for_s / pace) for event in events]
    ordered = tuple(sorted(events, key=lambda event: event.at_s))
    options = settings_for(profile, rng)
    return Story(
        seed,
        profile,
        folders,
        ordered,
        options,
        weather_s=0.0,
        processing_s=rng.choice((0.5, 4.0, 20.0)),
        begins_s=begin_of(profile, rng),
        is_search_easy=profile in _EASY_TO_SEARCH,
    )
