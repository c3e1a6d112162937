"""What people do with cutouts in the worst moments, and hostile ones with their places."""

import io
import os
from dataclasses import dataclass

from PIL import Image

from cutoutd.files.provenance import ProvenanceRecord, chunk_for, with_chunk
from simulation.events.base import Event, Scene
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
