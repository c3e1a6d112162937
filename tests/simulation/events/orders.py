"""What people order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cutoutd.control.messages import (
    ApproveCommand,
    Command,
    DismissCommand,
    GiveUpCommand,
    PauseCommand,
    ReloadCommand,
    ReprocessCommand,
    ResumeCommand,
    RetryCommand,
    Scope,
)
from cutoutd.core.photo import State
from simulation.books import photos_in
from simulation.events.base import Event, Scene


@dataclass(frozen=True, kw_only=True)
class Reload(Event):
    """Somebody reloads the configuration after a change of its pace."""

    uploads: int

    async def begin(self, scene: Scene) -> None:
        settings = scene.world.settings
        assert settings is not None
        concurrency = settings.concurrency.model_copy(update={"uploads": self.uploads})
        scene.world.settings = settings.model_copy(update={"concurrency": concurrency})
        await scene.product.order(ReloadCommand())


@dataclass(frozen=True, kw_only=True)
class LeaveFolder(Event):
    """Somebody takes a folder out of the configuration, and back if the event ends."""

    folder: str

    async def begin(self, scene: Scene) -> None:
        settings = scene.world.settings
        assert settings is not None
        left = tuple(folder for folder in settings.folders if folder.name != self.folder)
        if left and len(left) < len(settings.folders):
            scene.world.settings = settings.model_copy(update={"folders": left})
            scene.world.left.add(self.folder)
            await scene.product.order(ReloadCommand())

    async def end(self, scene: Scene) -> None:
        await bring_back(scene, {self.folder})


async def bring_back(scene: Scene, names: set[str]) -> None:
    """Put folders into the configuration again."""
    settings, world = scene.world.settings, scene.world
    assert settings is not None
    back = [folder for folder in world.all_folders if folder.name in names & world.left]
    if back:
        world.left -= {folder.name for folder in back}
        world.settings = settings.model_copy(update={"folders": (*settings.folders, *back)})
        await scene.product.order(ReloadCommand())


@dataclass(frozen=True, kw_only=True)
class Pause(Event):
    """Somebody pauses cutoutd, and resumes it; without an end, only after the weather."""

    async def begin(self, scene: Scene) -> None:
        if await scene.product.order(PauseCommand("lunch")) is not None:
            scene.world.pauses.append((scene.world.clock.elapsed_s, float("inf")))

    async def end(self, scene: Scene) -> None:
        await resume(scene)


async def resume(scene: Scene) -> None:
    """End the pause."""
    until_s = scene.world.clock.elapsed_s
    scene.world.pauses = [(since_s, min(end_s, until_s)) for since_s, end_s in scene.world.pauses]
    await scene.product.order(ResumeCommand())


@dataclass(frozen=True, kw_only=True)
class Order(Event):
    """Somebody gives an order about photos: about one of them, or about all."""

    word: str
    folder: str = ""
    name: str = ""

    async def begin(self, scene: Scene) -> None:
        path = str(scene.world.input(self.folder) / self.name)
        command = _COMMANDS[self.word](path)
        if isinstance(command, ReprocessCommand):
            scene.world.ordered += [
                (row["sha256"], row["parameters"])
                for row in photos_in(scene.world.root / "state")
                if row["sha256"] is not None and (row["folder"], row["path"]) == (self.folder, self.name)
            ]
        await scene.product.order(command)


_COMMANDS: Mapping[str, Callable[[str], Command]] = {
    "retry": lambda _: RetryCommand(),
    "retry one": lambda path: RetryCommand((path,)),
    "reprocess missing": lambda _: ReprocessCommand(scope=Scope.MISSING),
    "reprocess one": lambda path: ReprocessCommand((path,)),
    "approve": lambda _: ApproveCommand(),
    "approve one": lambda path: ApproveCommand(path, paths=(path,)),
    "dismiss": lambda _: DismissCommand(states=(State.FAILED, State.REJECTED)),
    "dismiss one": lambda path: DismissCommand((path,)),
    "give up one": lambda path: GiveUpCommand((path,)),
}
