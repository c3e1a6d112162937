"""What people do beside the photos: orders about one of them, retouched cutouts, folders that leave and come back."""

import random

from simulation import events as ev
from simulation.draws.moments import moment, span
from simulation.world import FolderPlan

_ABOUT_ONE = ("retry one", "reprocess one", "approve one", "dismiss one", "give up one")


def orders(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw orders, most of them about one photo."""
    found: list[ev.Event] = []
    for _ in range(rng.randint(1, 5)):
        folder = rng.choice(folders).name
        name = f"{rng.choice(('', '', 'sub/', 'a b/'))}{folder}{rng.randint(0, 8)}.jpg"
        word = rng.choice((*_ABOUT_ONE, "retry", "approve", "dismiss", "reprocess missing"))
        found.append(ev.Order(at_s=moment(rng), word=word, folder=folder, name=name))
    if rng.random() < 0.4:
        found.append(ev.Pause(at_s=moment(rng), for_s=rng.choice((0.0, span(rng)))))
    return found


def retouches(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw cutouts that are saved anew, some of them just before a newer version of their photo comes."""
    found: list[ev.Event] = []
    for _ in range(rng.randint(2, 6)):
        folder, at_s = rng.choice(folders).name, moment(rng)
        name = f"{folder}{rng.randint(0, 6)}.jpg"
        found.append(ev.Retouch(at_s=at_s, folder=folder, name=name, is_in_place=rng.random() < 0.5))
        if rng.random() < 0.6:
            later_s = at_s + rng.choice((-8.0, -4.0, 0.5, 20.0)) * rng.uniform(0.5, 1.5)
            picture = rng.randint(200, 260)
            found.append(ev.PutPhoto(at_s=max(0.0, later_s), folder=folder, name=name, picture=picture))
    return found


def short_absences(rng: random.Random, folders: tuple[FolderPlan, ...]) -> list[ev.Event]:
    """Draw folders that leave the configuration and come back."""
    return [
        ev.LeaveFolder(at_s=rng.uniform(2.0, 100.0), for_s=rng.uniform(5.0, 150.0), folder=rng.choice(folders).name)
        for _ in range(rng.randint(1, 2))
    ]
