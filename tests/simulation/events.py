"""What happens in a world, each at its moment: the weather, and what people do."""

from dataclasses import dataclass, field

from cutoutd.control.messages import (
    Command,
    PauseCommand,
    ReloadCommand,
    ReprocessCommand,
    ResumeCommand,
    RetryCommand,
    Scope,
)
from simulation.machine.disk import Restore, take_away, unmount
from simulation.product import Product
from simulation.service.faults import Fault
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


@dataclass(frozen=True, kw_only=True)
class PutPhoto(Event):
    """A photo arrives, or another one takes its place."""

    folder: str
    name: str
    picture: int

    async def begin(self, scene: Scene) -> None:
        if not scene.away.keys() & {f"{self.folder}-in"}:
            scene.world.put(self.folder, self.name, self.picture)


@dataclass(frozen=True, kw_only=True)
class RemovePhoto(Event):
    """A photo is deleted."""

    folder: str
    name: str

    async def begin(self, scene: Scene) -> None:
        scene.world.remove(self.folder, self.name)


@dataclass(frozen=True, kw_only=True)
class RenamePhoto(Event):
    """A photo gets another name."""

    folder: str
    name: str
    new: str

    async def begin(self, scene: Scene) -> None:
        scene.world.rename(self.folder, self.name, self.new)


@dataclass(frozen=True, kw_only=True)
class FeedBack(Event):
    """A cutout comes back into the input."""

    folder: str
    name: str

    async def begin(self, scene: Scene) -> None:
        scene.world.feed_back(self.folder, self.name)


@dataclass(frozen=True, kw_only=True)
class ForeignFile(Event):
    """Somebody puts a file of their own into an output."""

    folder: str
    name: str

    async def begin(self, scene: Scene) -> None:
        scene.world.put_foreign(self.folder, self.name)


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


@dataclass(frozen=True, kw_only=True)
class Kill(Event):
    """The product is killed, and starts again."""

    async def begin(self, scene: Scene) -> None:
        scene.product.kill()


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
    """Somebody takes a folder out of the configuration, for good."""

    folder: str

    async def begin(self, scene: Scene) -> None:
        settings = scene.world.settings
        assert settings is not None
        left = tuple(folder for folder in settings.folders if folder.name != self.folder)
        if left:
            scene.world.settings = settings.model_copy(update={"folders": left})
            scene.world.left.add(self.folder)
            await scene.product.order(ReloadCommand())


@dataclass(frozen=True, kw_only=True)
class ClockStep(Event):
    """Somebody sets the clock of the machine."""

    by_s: float

    async def begin(self, scene: Scene) -> None:
        scene.world.clock.step(self.by_s)


@dataclass(frozen=True, kw_only=True)
class TreeAway(Event):
    """A tree goes away and comes back: a mount leaves its empty mount point, a folder nothing."""

    tree: str

    async def begin(self, scene: Scene) -> None:
        if self.tree not in scene.away:
            tree = scene.world.root / self.tree
            is_mount = tree in scene.world.mount_table.mounted
            scene.away[self.tree] = unmount(tree, scene.world.mount_table) if is_mount else take_away(tree)

    async def end(self, scene: Scene) -> None:
        if self.tree in scene.away:
            scene.away.pop(self.tree)()


@dataclass(frozen=True, kw_only=True)
class DiskFull(Event):
    """A tree takes no further byte for a while."""

    tree: str

    async def begin(self, scene: Scene) -> None:
        scene.world.disks.full.add(str(scene.world.root / self.tree))

    async def end(self, scene: Scene) -> None:
        scene.world.disks.full.discard(str(scene.world.root / self.tree))


@dataclass(frozen=True, kw_only=True)
class LedgerAway(Event):
    """Somebody moves the ledger away, and back."""

    async def begin(self, scene: Scene) -> None:
        ledger = scene.world.root / "state" / "ledger.sqlite"
        if ledger.exists():
            ledger.rename(ledger.with_name("moved.sqlite"))

    async def end(self, scene: Scene) -> None:
        moved = scene.world.root / "state" / "moved.sqlite"
        if moved.exists():
            moved.rename(moved.with_name("ledger.sqlite"))


@dataclass(frozen=True, kw_only=True)
class Pause(Event):
    """Somebody pauses cutoutd, and resumes it."""

    async def begin(self, scene: Scene) -> None:
        await scene.product.order(PauseCommand("lunch"))

    async def end(self, scene: Scene) -> None:
        await scene.product.order(ResumeCommand())


@dataclass(frozen=True, kw_only=True)
class Order(Event):
    """Somebody gives an order about photos."""

    word: str

    async def begin(self, scene: Scene) -> None:
        commands: dict[str, Command] = {
            "retry": RetryCommand(),
            "reprocess missing": ReprocessCommand(scope=Scope.MISSING),
        }
        await scene.product.order(commands[self.word])
