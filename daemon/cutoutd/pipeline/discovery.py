"""Where finished files become photos: the ledger's side of watching, for one folder."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from cutoutd.core.errors import CutoutdError
from cutoutd.core.logs import say, say_error
from cutoutd.core.photo import Identity, Version
from cutoutd.files.input_tree import Sighting
from cutoutd.ledger import Ledger, has_text_form
from cutoutd.ledger.queries import photos as questions
from cutoutd.pipeline.scheduling.workers import Lanes
from cutoutd.watch.availability import Standby

#: After the ledger could not be read or written.
_LEDGER_TROUBLE_WAIT_S = 5.0

T = TypeVar("T")


class Reception:
    """Knows which sightings are photos already, and takes in those that are not.

    While the ledger cannot be used, it waits: nothing further is looked at then, and nothing is forgotten.
    """

    def __init__(self, ledger: Ledger, lanes: Lanes, standby: Standby) -> None:
        self._ledger = ledger
        self._lanes = lanes
        self._standby = standby

    async def unknown_of(self, folder: str, sightings: Sequence[Sighting]) -> list[Sighting]:
        """The sightings whose version is not in the ledger yet; one question for the whole batch.

        None while the folder stands by: what lies there may be what a missing mount left bare. A later scan finds it.
        Names that the ledger cannot hold (it has no text form for a few characters that nobody assigns) are left alone.
        """
        possible = [sighting for sighting in sightings if has_text_form(sighting.path)]
        paths = [sighting.path for sighting in possible]
        known = await _patiently(lambda: self._ledger.ask(questions.known_of, folder, paths))
        found: list[Sighting] = []
        unknown: list[Sighting] = []
        for sighting in possible:
            (found if _version(sighting) in known else unknown).append(sighting)
        self._standby.see(folder, found)
        return [] if self._standby.is_standing_by(folder) else unknown

    async def deliver(self, folder: str, sighting: Sighting) -> None:
        """A finished file becomes a photo, unless this version of it is one. A crash before: the next scan finds it."""
        root = str(self._standby.folders[folder].input)
        photo = await _patiently(lambda: self._ledger.discover(_identity(folder, sighting, root)))
        self._standby.see(folder, [sighting])
        if photo is not None:
            say(photo.state, photo.story, about=photo)
            self._lanes.take_in(photo)

    async def judge(self, folder: str, *, is_surveyed: bool) -> bool:
        """Look at whether the folder stands by; True when it no longer does, so its tree should be looked at again."""
        has_ended = await _patiently(lambda: self._standby.judge(folder, is_surveyed=is_surveyed))
        if has_ended:
            self._lanes.look_again()
        return has_ended


async def _patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await attempt()
        except CutoutdError as error:
            say_error("ledger_trouble", error)
            await asyncio.sleep(_LEDGER_TROUBLE_WAIT_S)


def _version(sighting: Sighting) -> Version:
    return Version(sighting.path, sighting.size_bytes, sighting.mtime_ns, sighting.inode)


def _identity(folder: str, sighting: Sighting, root: str) -> Identity:
    return Identity(
        folder=folder,
        path=sighting.path,
        size_bytes=sighting.size_bytes,
        mtime_ns=sighting.mtime_ns,
        ctime_ns=sighting.ctime_ns,
        inode=sighting.inode,
        input=root,
    )
