"""Which photos an order is about: what a person wrote, looked up in the ledger.

Whose cutouts ``reprocess`` is about: photos that a person named, or those found among all that are published.

It decides nothing about money, and keeps numbers, not photos: all that was ever published may have to be looked at.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import ReprocessCommand, Scope
from cutoutd.control.result import ResultBuilder
from cutoutd.core.errors import ControlError
from cutoutd.core.photo import Photo, State, require_value
from cutoutd.core.photo_selector import selectors_for
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection


@dataclass(frozen=True, slots=True)
class Selected:
    """What one name stands for."""

    photo_ids: tuple[int, ...]  #: the photos, by their numbers in the ledger
    is_each_meant: bool  #: named one by one, so that each deserves a word; not those found below a folder
    is_known: bool  #: whether anything at all goes by this name


def required_folder(folders: Mapping[str, FolderSettings], photo: Photo) -> FolderSettings:
    """The configured folder of a photo.

    Raises:
        ControlError: it is no longer in the configuration.
    """
    folder = folders.get(photo.identity.folder)
    if folder is None:
        raise ControlError(f'its folder "{photo.identity.folder}" is no longer in the configuration')
    return folder


async def select_photos(ledger: Ledger, inputs: Mapping[str, Path], name: str, states: Collection[State]) -> Selected:
    """The photo of this name in whatever state, else those of ``states`` below the folder, or fitting the pattern."""
    addresses = selectors_for(name, inputs)
    if exact := await ledger.query(selection.photos_named, addresses):
        return Selected(tuple(photo.id for photo in exact), is_each_meant=True, is_known=True)
    if below := await ledger.query(selection.photo_ids_beneath, addresses, states):
        return Selected(tuple(below), is_each_meant=False, is_known=True)
    is_known = bool(await ledger.query(selection.photo_ids_beneath, addresses, frozenset(State)))
    return Selected((), is_each_meant=False, is_known=is_known)


def note_selection(report: ResultBuilder, name: str, chosen: Selected, nothing: str) -> None:
    """Report a name that stands for no photo of the kind, with ``nothing`` if there are others below it."""
    if not chosen.photo_ids:
        report.refuse_all(f"{name}: {nothing if chosen.is_known else 'nothing is known of it'}")


async def pages_of(ledger: Ledger, numbers: Sequence[int]) -> AsyncIterator[list[Photo]]:
    """The photos of these numbers, a page of them in memory: an order may be about a million."""
    for page in selection.pages(numbers):
        yield await ledger.query(selection.photos_with_ids, page)


PUBLISHED = frozenset({State.PUBLISHED})


@dataclass(frozen=True, slots=True)
class ReprocessSelection:
    """Photos by their numbers in the ledger, each once, and what was left alone already."""

    photo_ids: Sequence[int]
    report: ResultBuilder


async def select_for_reprocess(
    ledger: Ledger, folders: Mapping[str, FolderSettings], order: ReprocessCommand
) -> ReprocessSelection:
    """The photos that an order is about; those a person named may stand at any state."""
    report = ResultBuilder()
    if order.scope is Scope.NAMED:
        numbers = [number for name in order.paths for number in await _named(ledger, folders, name, report)]
        return ReprocessSelection(list(dict.fromkeys((*numbers, *order.photo_ids))), report)
    is_meant = _is_changed(folders) if order.scope is Scope.CHANGED else _is_missing(report)
    return ReprocessSelection(await _among_published(ledger, is_meant), report)


async def _named(
    ledger: Ledger, folders: Mapping[str, FolderSettings], name: str, report: ResultBuilder
) -> Sequence[int]:
    inputs = {name: folder.input for name, folder in folders.items()}
    chosen = await select_photos(ledger, inputs, name, PUBLISHED)
    note_selection(report, name, chosen, "nothing below it is published")
    return chosen.photo_ids


async def _among_published(ledger: Ledger, is_meant: Callable[[Photo], bool]) -> list[int]:
    found: list[int] = []
    async for page in pages_of(ledger, await ledger.query(selection.newest_photo_ids, PUBLISHED)):
        found += await asyncio.to_thread(lambda photos: [photo.id for photo in photos if is_meant(photo)], page)
    return found


def _is_changed(folders: Mapping[str, FolderSettings]) -> Callable[[Photo], bool]:
    present = {name: folder.parameters.as_json() for name, folder in folders.items()}
    return lambda photo: photo.parameters != present.get(photo.identity.folder, photo.parameters)


_NOT_IN_USE = "is not there, or empty; if that is as it should be, name photos or a folder"


def _is_missing(report: ResultBuilder) -> Callable[[Photo], bool]:
    """Whether its cutout is gone. An output that is not there, or is empty, may be a disk that is not mounted."""
    are_in_use: dict[str, bool] = {}

    def is_missing(photo: Photo) -> bool:
        output = require_value(photo.output)
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


def _is_gone(photo: Photo, report: ResultBuilder) -> bool:
    try:
        Path(require_value(photo.output), require_value(photo.target)).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        report.refuse(photo, f"the place of its cutout cannot be looked at: {error.strerror}")
    return False
