"""One world, from its first moment to the verdict."""

import asyncio
import os
import random
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutoutd.core.logs import configure_logging
from cutoutd.sandbox.engine import Engine
from cutoutd.sandbox.server import build_app
from cutoutd.sandbox.settings import ProcessingTime, SandboxSettings
from cutoutd.sandbox.storage.database import Store
from simulation import libraries, liveness, safety
from simulation.events import Event, Scene
from simulation.machine import clock as clocks
from simulation.machine.clock import VirtualClock
from simulation.machine.loop import StandstillError, VirtualLoop
from simulation.machine.threads import Threads
from simulation.product import Product
from simulation.service.internet import SERVICE
from simulation.story import Story
from simulation.world import PUBLIC_KEY, SECRET_KEY, World, settings_of

_PLACE = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")  # noqa: S108  worlds are removed

#: The times between two looks at a world's photos after the weather: each is longer than the last, up to the second.
_FIRST_LOOK_S, _LONGEST_LOOK_S = 1.0, 20.0

#: Within this time after the weather, every photo that can be done must be done.
LIVENESS_S = 1_200.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a world."""

    seed: int
    faults: tuple[str, ...]
    trace: str  #: the hash of all events
    elapsed_s: float  #: of the world
    photos: int
    paid: int


def run(story: Story, *, is_verbose: bool = False) -> Verdict:
    """Run a story to its end; call it in a process of its own, because it replaces the clocks and threads of Python."""
    root = _PLACE / f"cutoutd-simulation-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    clock = VirtualClock()
    loop = VirtualLoop(clock)
    world = World(root, story.seed, clock)
    if is_verbose:
        world.on_line = print
    threads = Threads(loop, clock, random.Random(f"threads {story.seed}"))  # noqa: S311  a world, not a secret
    clocks.use(clock, threads.sleep)
    threads.install()
    world.disks.install()
    libraries.lead_into(world)
    random.seed(story.seed)
    configure_logging("info", "text", lambda line: world.trace("log", line.partition(" ")[2] or line))
    asyncio.set_event_loop(loop)
    try:
        faults = loop.run_until_complete(_live(world, loop, story))
    except StandstillError as error:
        faults = [str(error)]
    finally:
        clocks.use(None, None)
        shutil.rmtree(root, ignore_errors=True)
    paid = len(world.internet.executions)
    return Verdict(story.seed, tuple(faults), world.hash.hexdigest(), clock.elapsed_s, len(world.files), paid)


async def _live(world: World, loop: VirtualLoop, story: Story) -> list[str]:
    world.settings = settings_of(world.root, story.folders, story.options)
    for plan in story.folders:
        world.input(plan.name).mkdir()
        world.output(plan.name).mkdir()
        for side, fs_type in plan.mounts.items():
            world.mount_table.add(world.root / f"{plan.name}-{side}", fs_type)
    world.is_search_easy, world.is_unsent = story.is_search_easy, story.profile == "unsent"
    world.left |= story.waiting
    product = Product(world, loop)
    store = Store(_made(world.root / "sandbox") / "sandbox.sqlite")
    settings = SandboxSettings(
        state_dir=world.root / "sandbox",
        public_key=PUBLIC_KEY,
        secret_key=SECRET_KEY,
        engine=Engine.BORDER,
        processing_time=ProcessingTime(story.processing_s, 0.4),
    )
    world.internet.service = build_app(settings, store, _Tasks(), SERVICE)  # type: ignore[arg-type]
    scene = Scene(world, product)
    product.start()
    await asyncio.gather(*(_play(event, scene) for event in story.events))
    await asyncio.sleep(max(0.0, story.weather_s - world.clock.elapsed_s))
    clock_is_set = abs(world.clock.wall_s - world.clock.true_s) > 0
    world.clock.set_right()  # else the service refuses every request, and nothing can go on
    world.trace("weather", f"is over{', and the clock is set right' if clock_is_set else ''}")
    faults = await _settle(scene)
    own = [fault for check in story.checks for fault in check(scene)]
    await product.stop()
    return [*product.crashes, *world.found, *own, *faults, *safety.faults_in(world)]


class _Tasks:
    """The tasks of the service, which end with the process."""

    def create_task(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _play(event: Event, scene: Scene) -> None:
    await asyncio.sleep(event.at_s)
    scene.world.trace("event", str(event))
    await event.begin(scene)
    if event.for_s:
        await asyncio.sleep(event.for_s)
        scene.world.trace("event", f"over: {event}")
        await event.end(scene)


async def _settle(scene: Scene) -> list[str]:
    """Wait until every photo that can be done is done; return what stands after the time for that."""
    since_s, left, rest_s = scene.world.clock.elapsed_s, ["nothing was looked at"], _FIRST_LOOK_S
    while left and scene.world.clock.elapsed_s < since_s + LIVENESS_S:
        await asyncio.sleep(rest_s)
        left, rest_s = liveness.faults_in(scene), min(1.5 * rest_s, _LONGEST_LOOK_S)
    scene.world.trace("settled", f"after {scene.world.clock.elapsed_s - since_s:.0f} s: {len(left)} faults")
    return left
