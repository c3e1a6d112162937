"""What people do with the cutouts, and hostile ones with their places."""

import io
import os
from dataclasses import dataclass

from PIL import Image

from cutoutd.control.messages import ApproveCommand, GiveUpCommand, ReprocessCommand
from cutoutd.files.provenance import ProvenanceRecord, chunk_for, with_chunk
from simulation.events import Event, Scene
from simulation.pictures import photo, sha256_of


@dataclass(frozen=True, kw_only=True)
class SaveOver(Event):
    """People save over each cutout in the moment in which it is replaced or removed."""

    async def begin(self, scene: Scene) -> None:
        scene.world.hands.are_saving = True

    async def end(self, scene: Scene) -> None:
        scene.world.hands.are_saving = False


@dataclass(frozen=True, kw_only=True)
class Scribble(Event):
    """Somebody writes into a cutout, in place, as soon as another one is made."""

    folder: str
    name: str
    picture: int

    async def begin(self, scene: Scene) -> None:
        scene.world.ordered.append((sha256_of(self.picture), "{}"))  # because it cannot be copied then
        scene.world.hands.scribbled_on = scene.world.output(self.folder) / self.name


@dataclass(frozen=True, kw_only=True)
class ForgeCutout(Event):
    """Somebody puts a picture into the place of a photo's cutout that says it is that."""

    folder: str
    name: str
    picture: int

    async def begin(self, scene: Scene) -> None:
        target = os.path.splitext(self.name)[0] + ".png"  # noqa: PTH122  a name, not a path
        picture = photo(self.picture)
        with Image.open(io.BytesIO(picture)) as image:
            width, height = image.size
        drawn = io.BytesIO()
        Image.new("RGBA", (width, height), (255, 0, 0, 128)).save(drawn, "PNG")
        record = ProvenanceRecord(
            folder=self.folder,
            path=self.name,
            target=target,
            sha256=sha256_of(self.picture),
            size_bytes=len(picture),
            mtime_ns=0,
            width=width,
            height=height,
            orientation=1,
            parameters="{}",
            cutout_sha256="0" * 64,
        )
        scene.world.put_foreign(self.folder, target, with_chunk(drawn.getvalue(), chunk_for(record)))


@dataclass(frozen=True, kw_only=True)
class Approve(Event):
    """Somebody approves by a name."""

    name: str

    async def begin(self, scene: Scene) -> None:
        await scene.product.order(ApproveCommand(folder=self.name, paths=(self.name,)))


@dataclass(frozen=True, kw_only=True)
class Reprocess(Event):
    """Somebody wants the cutout of a photo made anew."""

    folder: str
    name: str

    async def begin(self, scene: Scene) -> None:
        put = scene.world.files[self.folder, self.name]
        scene.world.ordered.append((sha256_of(put.picture), "{}"))
        await scene.product.order(ReprocessCommand(paths=(f"{self.folder}/{self.name}",)))


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


@dataclass(frozen=True, kw_only=True)
class GiveUp(Event):
    """Somebody waits no longer for the removal of a photo."""

    folder: str
    name: str

    async def begin(self, scene: Scene) -> None:
        await scene.product.order(GiveUpCommand(paths=(f"{self.folder}/{self.name}",)))
