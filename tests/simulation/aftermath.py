"""What comes after the weather: people put right what only people can, and every photo that can be done gets done."""

import asyncio

from cutoutd.control.messages import ApproveCommand, GiveUpCommand
from simulation import liveness
from simulation.books import photos_in, service_books
from simulation.events import Scene
from simulation.events.orders import bring_back, resume

#: The times between two looks at the photos: each is longer than the last, up to the second.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 1.0, 20.0

#: Within this time, every photo that can be done must be done.
LIVENESS_S = 1_200.0

_RUNS = ("removal_intended", "removal_started")


async def follow(scene: Scene) -> list[str]:
    """Let the world come to rest, and return what stands still for ever."""
    world = scene.world
    is_wrong = world.clock.wall_s != world.clock.true_s
    world.clock.set_right()  # else the service refuses every request, and nothing can go on
    world.trace("weather", f"is over{', and the clock is set right' if is_wrong else ''}")
    if any(end_s == float("inf") for _, end_s in world.pauses):
        await resume(scene)
    if world.settings is not None and world.settings.limits.confirm_over is not None:
        await scene.product.order(ApproveCommand())
    faults = await _settle(scene)
    if not faults and await _tidied_up(scene):
        faults = await _settle(scene)
    return faults


async def _tidied_up(scene: Scene) -> bool:
    """Give up what hangs, and bring back the folders that left; return False if there is neither."""
    world = scene.world
    books = service_books(world.root / "sandbox")
    running = {removal.request_id for removal in liveness.hung_removals(world, books)}
    rows = photos_in(world.root / "state")
    hung = [row for row in rows if row["state"] in _RUNS and row["request_id"] in running]
    if hung:
        world.has_given_up = True
        await scene.product.order(GiveUpCommand(photo_ids=tuple(row["id"] for row in hung)))
    left = world.left - world.stays_away
    if left:
        await bring_back(scene, left)
    return bool(hung or left)


async def _settle(scene: Scene) -> list[str]:
    """Wait until every photo that can be done is done; return what stands after the time for that."""
    since_s, left, rest_s = scene.world.clock.elapsed_s, ["nothing was looked at"], _FIRST_LOOK_S
    while left and scene.world.clock.elapsed_s < since_s + LIVENESS_S:
        await asyncio.sleep(rest_s)
        left, rest_s = liveness.faults_in(scene), min(1.5 * rest_s, _LONGEST_LOOK_S)
    scene.world.trace("settled", f"after {scene.world.clock.elapsed_s - since_s:.0f} s: {len(left)} faults")
    return left
