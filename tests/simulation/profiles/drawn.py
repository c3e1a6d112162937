"""What narrow profiles have in common: a small world with the photos that it needs."""

import random
from collections.abc import Iterable
from typing import Any

from simulation import events as ev
from simulation.story import Story
from simulation.world import FolderPlan


def photos(rng: random.Random, folder: str, number: int, *, first: int, within_s: float = 2.0) -> list[ev.Event]:
    """Return the arrivals of photos with pictures of their own, from this number on."""
    return [
        ev.PutPhoto(at_s=rng.uniform(0.0, within_s), folder=folder, name=f"{folder}{each}.jpg", picture=first + each)
        for each in range(number)
    ]


def story(events: Iterable[ev.Event], folders: Iterable[FolderPlan | str] = ("a",), **more: Any) -> Story:  # noqa: ANN401  the fields of Story
    """Return a story of these events; its seed and profile come later."""
    plans = tuple(FolderPlan(each) if isinstance(each, str) else each for each in folders)
    return Story(0, "", plans, tuple(sorted(events, key=lambda event: event.at_s)), **more)
