"""Trouble of the network and of the service."""

from dataclasses import dataclass

from simulation.events.base import Event, Scene
from simulation.service.faults import Fault


@dataclass(frozen=True, kw_only=True)
class NetworkFault(Event):
    """Requests meet a fault for a while."""

    fault: Fault

    async def begin(self, scene: Scene) -> None:
        scene.world.internet.faults.append(self.fault)

    async def end(self, scene: Scene) -> None:
        scene.world.internet.faults.remove(self.fault)


@dataclass(frozen=True, kw_only=True)
class RemovalFault(Event):
    """The next removals go wrong at the service."""

    kind: str
    times: int

    async def begin(self, scene: Scene) -> None:
        await scene.world.internet.strike({"kind": self.kind, "times": self.times})
