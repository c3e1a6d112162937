"""An event of a world, and the scene that it changes."""

from dataclasses import dataclass, field

from simulation.machine.disk import Restore
from simulation.product import Product
from simulation.world import World


@dataclass
class Scene:
    """The world with its product, for an event to change."""

    world: World
    product: Product
    away: dict[str, Restore] = field(default_factory=dict)  #: trees that are away, with the way back


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happens at a moment, and for some of it, ends later."""

    at_s: float
    for_s: float = 0.0
    is_weather: bool = field(default=True, init=False)

    async def begin(self, scene: Scene) -> None:
        """Let it happen."""

    async def end(self, scene: Scene) -> None:
        """Let it be over."""
