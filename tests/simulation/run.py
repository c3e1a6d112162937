"""One world, from its first moment to the verdict."""

import asyncio
import os
import random
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutoutd.core.logs import configure_logging
from cutoutd.sandbox.engine import Engine
from cutoutd.sandbox.server import build_app
from cutoutd.sandbox.settings import ProcessingTime, SandboxSettings
from cutoutd.sandbox.storage.database import Store
from simulation import aftermath, fairness, libraries, safety
from simulation.events import Event, NetworkFault, Scene
from simulation.machine import clock as clocks
from simulation.machine.clock import VirtualClock
from simulation.machine.hung import HungTrees
from simulation.machine.loop import StandstillError, VirtualLoop
from simulation.machine.threads import Threads
from simulation.product import Product
from simulation.promises import remains
from simulation.promises.watch import watch
from simulation.service.internet import SERVICE
from simulation.service.webhook import connect, subscribe
from simulation.story import Story
from simulation.world import PUBLIC_KEY, SECRET_KEY, World, settings_of

_PLACE = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")  # noqa: S108  worlds are removed


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
    if not story.healthy:
        return _lived(story, is_verbose=is_verbose)[0]
    alone_s = fairness.slowest_alone_s(story, lambda each: _lived(each)[1])
    verdict, beside_s = _lived(story, is_verbose=is_verbose)
    faults = fairness.fault_of(story.healthy, beside_s, alone_s)
    return replace(verdict, faults=(*verdict.faults, *faults))


def _lived(story: Story, *, is_verbose: bool = False) -> tuple[Verdict, float]:
    """Return the end of a world, and the longest time of a photo in its healthy folder."""
    root = _PLACE / f"cutoutd-simulation-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    clock = VirtualClock(story.begins_s)
    loop = VirtualLoop(clock)
    world = World(root, story.seed, clock)
    if is_verbose:
        world.on_line = print
    threads = Threads(loop, clock, random.Random(f"threads {story.seed}"))  # noqa: S311  a world, not a secret
    clocks.use(clock, threads.sleep)
    threads.install()
    world.hung = HungTrees(threads, world.found.append)
    world.disks.install()
    world.disks.on_creation = world.hands.note_creation
    world.hands.install()
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
    verdict = Verdict(story.seed, tuple(faults), world.hash.hexdigest(), clock.elapsed_s, len(world.files), paid)
    return verdict, world.slowest_s


async def _live(world: World, loop: VirtualLoop, story: Story) -> list[str]:
    world.settings = settings_of(world.root, story.folders, story.options)
    for plan in story.folders:
        world.input(plan.name).mkdir()
        world.output(plan.name).mkdir()
        (world.root / f"{plan.name}-archive").mkdir()
        for side, fs_type in plan.mounts.items():
            world.mount_table.add(world.root / f"{plan.name}-{side}", fs_type)
    world.is_search_easy, world.is_unsent = story.is_search_easy, story.profile == "unsent"
    world.left |= story.waiting
    world.stays_away = story.waiting
    world.all_folders = world.settings.folders
    world.is_slow = any(isinstance(event, NetworkFault) for event in story.events)
    product = Product(world, loop)
    store = Store(_made(world.root / "sandbox") / "sandbox.sqlite")
    settings = SandboxSettings(
        state_dir=world.root / "sandbox",
        public_key=PUBLIC_KEY,
        secret_key=SECRET_KEY,
        engine=Engine.BORDER,
        processing_time=ProcessingTime(story.processing_s, 0.4),
    )
    connect(world)
    if world.settings.web.listen is not None:
        subscribe(world, store)
    world.internet.service = build_app(settings, store, _Tasks(), SERVICE)  # type: ignore[arg-type]
    scene = Scene(world, product)
    product.start()
    watching = loop.create_task(watch(scene))
    await asyncio.gather(*(_play(event, scene) for event in story.events))
    await asyncio.sleep(max(0.0, story.weather_s - world.clock.elapsed_s))
    faults = await aftermath.follow(scene)
    world.slowest_s = fairness.slowest_s(world, story.healthy)
    own = [fault for check in story.checks for fault in check(scene)]
    stays = [] if faults else await remains.faults_in(scene)
    if watching.done():
        watching.result()
    watching.cancel()
    await product.stop()
    return [*product.crashes, *world.found, *own, *faults, *stays, *safety.faults_in(scene)]


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
