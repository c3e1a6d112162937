"""What people do with photos and cutouts."""

from dataclasses import dataclass

from simulation.events.base import Event, Scene


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
class Retouch(Event):
    """Somebody saves a cutout anew in a picture program: over it, or under another name and then renamed."""

    folder: str
    name: str
    is_in_place: bool

    async def begin(self, scene: Scene) -> None:
        scene.world.retouch(self.folder, self.name, is_in_place=self.is_in_place)


@dataclass(frozen=True, kw_only=True)
class MoveToAway(Event):
    """Somebody moves a photo on the server, to a share that is away for this machine."""

    folder: str
    name: str
    to: str

    async def begin(self, scene: Scene) -> None:
        world = scene.world
        hidden, file = world.root / f".{self.to}-in-away", world.input(self.folder) / self.name
        if hidden.is_dir() and file.is_file():
            file.rename(hidden / self.name)
            world.files[self.to, self.name] = world.files.pop((self.folder, self.name))
