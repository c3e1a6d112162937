"""The look at a world at every moment, not only at its end."""

import asyncio

from simulation.events import Scene
from simulation.promises import files
from simulation.promises.standstills import StillPhotos

_LOOK_EVERY_S = 1.0

#: What stands still is looked at more rarely.
_LOOKS = 10

#: A world with more faults than this needs no further ones.
_ENOUGH = 5


async def watch(scene: Scene) -> None:
    """Look until cancelled, and note each fault once."""
    still, told, number = StillPhotos(), set[str](), 0
    while len(told) < _ENOUGH:
        await asyncio.sleep(_LOOK_EVERY_S)
        number += 1
        found = [*files.faults_in(scene), *(() if number % _LOOKS else still.faults_in(scene))]
        for fault in found:
            if fault not in told:
                told.add(fault)
                scene.world.found.append(f"at {scene.world.clock.elapsed_s:.0f} s: {fault}")
