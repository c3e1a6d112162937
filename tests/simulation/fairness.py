"""Fairness: a folder that no weather touches is never slower than three times its time alone."""

import json
import os
from collections.abc import Callable
from dataclasses import replace

from simulation.books import events_in
from simulation.events import PutPhoto
from simulation.story import Story
from simulation.world import World

_MOST_TIMES = 3.0

#: Looks come at their own times; so much longer is no unfairness.
_SLACK_S = 5.0


def alone(story: Story) -> Story:
    """Return the same story with the healthy folder alone, and without weather."""
    folders = tuple(folder for folder in story.folders if folder.name == story.healthy)
    events = tuple(each for each in story.events if isinstance(each, PutPhoto) and each.folder == story.healthy)
    return replace(story, folders=folders, events=events)


def slowest_s(world: World, folder: str) -> float:
    """Return the longest time from the arrival of a photo of this folder to its cutout."""
    arrived_s = {name: put.at_s for (of, name), put in world.files.items() if of == folder}
    done_s = {
        each["path"]: each["at_s"] - world.first_wall_s
        for each in events_in(world.root / "state")
        if each["folder"] == folder and each["to_state"] == "published"
    }
    return max((done_s.get(name, float("inf")) - at_s for name, at_s in arrived_s.items()), default=0.0)


def slowest_alone_s(story: Story, live: Callable[[Story], float]) -> float:
    """Return the same of the folder alone, from a world in a process of its own."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(live(alone(story)), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found = float(json.load(pipe))
    os.waitpid(child, 0)
    return found


def fault_of(folder: str, beside_s: float, alone_s: float) -> list[str]:
    """Return the fault if the folder was too slow beside the others."""
    if beside_s <= _MOST_TIMES * alone_s + _SLACK_S:
        return []
    return [f"the healthy folder {folder} took {beside_s:.0f} s for a photo, and {alone_s:.0f} s alone"]
