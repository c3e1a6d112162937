"""The photos that a command is about, by their numbers in the ledger.

A selection holds numbers and no photos, because it may cover everything that was ever published. Nothing here decides
about money.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.control.messages import ReprocessCommand, Scope
from cutoutd.control.result import ResultBuilder
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import ControlError, TreeUnavailableError
from cutoutd.core.photo import Photo, State, require_value
from cutoutd.core.photo.photo_selector import PhotoSelector, folder_of, real_path, selectors_for
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos, selection
from cutoutd.ledger.queries.selection import PHOTOS_PER_PAGE
from cutoutd.watch.availability.destinations import Destinations

PUBLISHED = frozenset({State.PUBLISHED})

#: Where a name leads that lies below no input as it is written.
_ELSEWHERE = Path("/")


@dataclass(frozen=True, slots=True)
class Selected:
    """The photos that one name stands for."""

    photo_ids: tuple[int, ...]  #: the photos, by their numbers in the ledger
    is_exact: bool  #: True: the name is a photo's own, so each photo gets a sentence; False: they are below a folder
    is_known: bool  #: True if the ledger knows the name at all


@dataclass(frozen=True, slots=True)
class ReprocessSelection:
    """Photos by their numbers in the ledger, each once, and the refusals so far."""

    photo_ids: Sequence[int]
    result: ResultBuilder


async def select_for_reprocess(
    ledger: Ledger, folders: Mapping[str, FolderSettings], command: ReprocessCommand
) -> ReprocessSelection:
    """Return the photos that ``reprocess`` is about. Photos that the user names may have any state."""
    result = ResultBuilder()
    if command.scope is Scope.NAMED:
        photo_ids = [number for name in command.paths for number in await _named(ledger, folders, name, result)]
        return ReprocessSelection(list(dict.fromkeys((*photo_ids, *command.photo_ids))), result)
    if command.scope is Scope.CHANGED:
        is_selected = _is_changed(folders)
    else:
        is_selected = _is_missing(result, await _unavailable_outputs(ledger))
    return ReprocessSelection(await _among_published(ledger, is_selected, result), result)


async def select_photos(ledger: Ledger, inputs: Mapping[str, Path], name: str, states: Collection[State]) -> Selected:
    """Return the photo of this name in any state.

    Without such a photo, return those of ``states`` that are below the folder or match the pattern.
    """
    selectors = await _selectors(name, inputs)
    if exact := await ledger.query(selection.photos_named, selectors):
        return Selected(tuple(photo.id for photo in exact), is_exact=True, is_known=True)
    if below := await ledger.query(selection.photo_ids_beneath, selectors, states):
        return Selected(tuple(below), is_exact=False, is_known=True)
    is_known = bool(await ledger.query(selection.photo_ids_beneath, selectors, frozenset(State)))
    return Selected((), is_exact=False, is_known=is_known)


async def _selectors(name: str, inputs: Mapping[str, Path]) -> tuple[PhotoSelector, ...]:
    """Return the readings of a name; each tree is asked in a thread of its own, because a share may hang."""
    if not name.startswith("/"):
        return selectors_for(name, inputs)
    parent = folder_of(name)
    home = next((root for root in inputs.values() if parent.is_relative_to(root)), _ELSEWHERE)
    real = {root: await _real(root, root) for root in inputs.values()}
    real[parent] = await _real(parent, home)
    return selectors_for(name, inputs, real.__getitem__)


async def _real(path: Path, tree: Path) -> Path:
    """Return the path without links; as it is written if its tree does not answer."""
    try:
        return await calls_to(tree).look(real_path, path)
    except TreeUnavailableError:
        return path


def refuse_empty(result: ResultBuilder, name: str, selected: Selected, reason: str) -> None:
    """Refuse a name that stands for no photo; ``reason`` is for a name that the ledger knows."""
    if not selected.photo_ids:
        result.refuse_all(f"{name}: {reason if selected.is_known else 'no photo has this name'}")


async def pages_of(
    ledger: Ledger, photo_ids: Sequence[int], page_size: int = PHOTOS_PER_PAGE
) -> AsyncIterator[list[Photo]]:
    """Yield the photos of these numbers. One page is in memory at a time, because there may be a million."""
    for page in selection.pages(photo_ids, page_size):
        yield await ledger.query(selection.photos_with_ids, page)


def required_folder(folders: Mapping[str, FolderSettings], photo: Photo) -> FolderSettings:
    """Return the configured folder of a photo.

    Raises:
        ControlError: the folder is no longer in the configuration.
    """
    folder = folders.get(photo.identity.folder)
    if folder is None:
        raise ControlError(f'its folder "{photo.identity.folder}" is no longer in the configuration')
    return folder


async def _named(
    ledger: Ledger, folders: Mapping[str, FolderSettings], name: str, result: ResultBuilder
) -> Sequence[int]:
    inputs = {name: folder.input for name, folder in folders.items()}
    selected = await select_photos(ledger, inputs, name, PUBLISHED)
    refuse_empty(result, name, selected, "nothing below it is published")
    return selected.photo_ids


def _selected(photos: Sequence[Photo], is_selected: Callable[[Photo], bool]) -> list[int]:
    return [photo.id for photo in photos if is_selected(photo)]


async def _among_published(ledger: Ledger, is_selected: Callable[[Photo], bool], result: ResultBuilder) -> list[int]:
    found: list[int] = []
    async for page in pages_of(ledger, await ledger.query(selection.newest_photo_ids, PUBLISHED)):
        for output in {photo.bound.output for photo in page}:
            there = [photo for photo in page if photo.bound.output == output]
            try:
                found += await calls_to(Path(require_value(output))).run(_selected, there, is_selected)
            except TreeUnavailableError as error:
                result.refuse_all(error.sentence)
    return found


def _is_changed(folders: Mapping[str, FolderSettings]) -> Callable[[Photo], bool]:
    present = {name: folder.parameters.as_json() for name, folder in folders.items()}
    return lambda photo: photo.bound.parameters != present.get(photo.identity.folder, photo.bound.parameters)


async def _unavailable_outputs(ledger: Ledger) -> dict[str, str]:
    """Return the outputs that are not mounted as they were, with the reason: their cutouts are not missing."""
    destinations = Destinations(ledger)
    reasons = {output: await destinations.check(Path(output)) for output in await ledger.query(photos.outputs_used)}
    return {output: reason for output, reason in reasons.items() if reason}


def _is_missing(result: ResultBuilder, unavailable: Mapping[str, str]) -> Callable[[Photo], bool]:
    """Return a test for a missing cutout.

    An output folder that is unavailable, missing or empty is refused as a whole: its disk may not be mounted.
    """
    for reason in unavailable.values():
        result.refuse_all(reason)
    are_in_use: dict[str, bool] = dict.fromkeys(unavailable, False)

    def is_missing(photo: Photo) -> bool:
        output = require_value(photo.bound.output)
        if output not in are_in_use:
            are_in_use[output] = _is_in_use(Path(output))
            if not are_in_use[output]:
                result.refuse_all(f"{output} is not there, or empty; if that is right, name the photos or a folder")
        return are_in_use[output] and _is_gone(photo, result)

    return is_missing


def _is_in_use(output: Path) -> bool:
    try:
        return any(output.iterdir())
    except OSError:
        return False


def _is_gone(photo: Photo, result: ResultBuilder) -> bool:
    try:
        Path(require_value(photo.bound.output), require_value(photo.bound.target)).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        result.refuse(photo, f"its cutout's folder cannot be read: {error.strerror}")
    return False
