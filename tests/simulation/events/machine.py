"""Trouble of the machine: its clock, its disks, its power."""

from dataclasses import dataclass

from simulation.events.base import Event, Scene
from simulation.machine.disk import take_away, unmount


@dataclass(frozen=True, kw_only=True)
class Kill(Event):
    """The product is killed, and starts again."""

    async def begin(self, scene: Scene) -> None:
        scene.product.kill()


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
class HungShare(Event):
    """A share hangs: no call to its files returns before it answers again."""

    tree: str

    async def begin(self, scene: Scene) -> None:
        if self.tree not in scene.away:
            scene.world.hung.hang(str(scene.world.root / self.tree))

    async def end(self, scene: Scene) -> None:
        scene.world.hung.answer(str(scene.world.root / self.tree))
