"""A world before it begins: everything that will happen in it, and what it has to fulfil besides the usual promises."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from simulation.events import Event, Scene
from simulation.machine.clock import FIRST_WALL_S
from simulation.world import FolderPlan

#: The weather begins within this time, and lasts at least so long if not said otherwise.
WEATHER_S = 300.0

#: Returns the faults of a world as it is at the moment.
Check = Callable[[Scene], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Story:
    """A world before it begins."""

    seed: int
    profile: str
    folders: tuple[FolderPlan, ...]
    events: tuple[Event, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    processing_s: float = 4.0
    weather_s: float = WEATHER_S  #: the least time; it ends with its last event
    checks: tuple[Check, ...] = ()  #: made at the end, besides those of every world
    waiting: frozenset[str] = frozenset()  #: folders with photos that may wait for ever
    begins_s: float = FIRST_WALL_S  #: Unix time
    healthy: str = ""  #: a folder that no weather touches: it must be as fast as alone, nearly
    is_search_easy: bool = False  #: nothing hinders the search for the result of a lost launch


@dataclass(frozen=True, kw_only=True)
class Expect(Event):
    """A look at the world in the middle of the weather; what it finds is a fault of the world."""

    check: Check

    async def begin(self, scene: Scene) -> None:
        scene.world.found += [f"at {self.at_s:.0f} s: {fault}" for fault in self.check(scene)]
