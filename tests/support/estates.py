"""A folder that wants the cutouts of removed photos deleted."""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.core.photo import Photo, Published, State
from cutoutd.ledger import Ledger
from cutoutd.pipeline.maintenance.removed_sources import RemovedSourceCleaner
from cutoutd.watch.availability.monitor import FolderAvailability
from support.folders import folder_in, folders_of
from support.ledgers import ACCEPTED, identity_of, photo_at, with_ledger


@dataclass
class Estate:
    """A folder that wants the cutouts of removed photos deleted, with three published photos."""

    ledger: Ledger
    folder: FolderSettings
    standby: FolderAvailability
    withdrawal: RemovedSourceCleaner

    async def publish(self, name: str, *, is_source_due: bool = False) -> Photo:
        (self.folder.input / name).write_bytes(name.encode())
        who = replace(identity_of(self.folder.input, name), input=str(self.folder.input))
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        accepted = replace(ACCEPTED, output=str(self.folder.output), sha256=sha256)
        photo = await photo_at(self.ledger, State.REMOVAL_FINISHED, who, accepted)
        assert photo.bound.target is not None
        content = f"cutout of {name}".encode()
        (self.folder.output / photo.bound.target).write_bytes(content)
        cutout = Published(hashlib.sha256(content).hexdigest(), len(content), photo.bound.target, None, is_source_due)
        return await self.ledger.record(photo, cutout)

    async def survey_twice(self) -> None:
        for _ in range(2):
            await self.standby.update(self.folder.name, after_scan=True)

    async def walk(self) -> None:
        """As long a time as it takes for a removal to be believed."""
        await self.withdrawal.clean()
        await self.survey_twice()
        await self.withdrawal.clean()

    def cutouts(self) -> list[str]:
        return sorted(file.name for file in self.folder.output.iterdir())


Scene = Callable[[Estate], Coroutine[None, None, None]]
Play = Callable[[Scene], None]


def play_in(place: Path) -> Play:
    """Return what plays a scene with such a folder, in this place."""

    def run(scene: Scene) -> None:
        folder = folder_in(place, on_source_removed="delete")

        async def act(ledger: Ledger) -> None:
            standby = FolderAvailability(ledger, folders_of(folder))
            estate = Estate(
                ledger, folder, standby, RemovedSourceCleaner(ledger, folders_of(folder), standby, interval_s=0)
            )
            for name in ("a.jpg", "b.jpg", "c.jpg"):
                await estate.publish(name)
            await standby.open()
            await scene(estate)

        with_ledger(place, act)

    return run
