"""Whose cutouts ``reprocess`` is about: photos that a person named, or those found among all that are published.

It decides nothing about money, and keeps numbers, not photos: all that was ever published may have to be looked at.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import Folder
from cutoutd.control.messages import Reprocess, Which
from cutoutd.control.result import Report
from cutoutd.control.selection import choose, pages_of
from cutoutd.core.photo import Photo, State, known
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection as named

PUBLISHED = frozenset({State.PUBLISHED})


@dataclass(frozen=True, slots=True)
class Selection:
    """Photos by their numbers in the ledger, each once, and what was left alone already."""

    numbers: Sequence[int]
    report: Report


async def select(ledger: Ledger, folders: Mapping[str, Folder], order: Reprocess) -> Selection:
    """The photos that an order is about; those a person named may stand at any state."""
    report = Report()
    if order.which is Which.NAMED:
        numbers = [number for name in order.paths for number in await _named(ledger, folders, name, report)]
        return Selection(list(dict.fromkeys((*numbers, *order.numbers))), report)
    is_meant = _is_changed(folders) if order.which is Which.CHANGED else _is_missing(report)
    return Selection(await _among_published(ledger, is_meant), report)


async def _named(ledger: Ledger, folders: Mapping[str, Folder], name: str, report: Report) -> Sequence[int]:
    inputs = {name: folder.input for name, folder in folders.items()}
    chosen = await choose(ledger, inputs, name, PUBLISHED)
    report.note_choice(name, chosen, "nothing below it is published")
    return chosen.numbers


async def _among_published(ledger: Ledger, is_meant: Callable[[Photo], bool]) -> list[int]:
    found: list[int] = []
    async for page in pages_of(ledger, await ledger.ask(named.newest_at, PUBLISHED)):
        found += await asyncio.to_thread(lambda photos: [photo.id for photo in photos if is_meant(photo)], page)
    return found


def _is_changed(folders: Mapping[str, Folder]) -> Callable[[Photo], bool]:
    present = {name: folder.parameters.as_json() for name, folder in folders.items()}
    return lambda photo: photo.parameters != present.get(photo.identity.folder, photo.parameters)


_NOT_IN_USE = "is not there, or empty; if that is as it should be, name photos or a folder"


def _is_missing(report: Report) -> Callable[[Photo], bool]:
    """Whether its cutout is gone. An output that is not there, or is empty, may be a disk that is not mounted."""
    are_in_use: dict[str, bool] = {}

    def is_missing(photo: Photo) -> bool:
        output = known(photo.output)
        if output not in are_in_use:
            are_in_use[output] = _is_in_use(Path(output))
            if not are_in_use[output]:
                report.refuse_all(
                    f"{output} is not there, or empty; if that is as it should be, name photos or a folder"
                )
        return are_in_use[output] and _is_gone(photo, report)

    return is_missing


def _is_in_use(output: Path) -> bool:
    try:
        return any(output.iterdir())
    except OSError:
        return False


def _is_gone(photo: Photo, report: Report) -> bool:
    try:
        Path(known(photo.output), known(photo.target)).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        report.refuse(photo, f"the place of its cutout cannot be looked at: {error.strerror}")
    return False
