"""Which photos an order is about: what a person wrote, looked up in the ledger."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import Folder
from cutoutd.core.errors import ControlError
from cutoutd.core.photo import Photo, State
from cutoutd.core.photo_selector import addresses_of
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import selection as named


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one name stands for."""

    numbers: tuple[int, ...]  #: the photos, by their numbers in the ledger
    is_each_meant: bool  #: named one by one, so that each deserves a word; not those found below a folder
    is_known: bool  #: whether anything at all goes by this name


def required_folder(folders: Mapping[str, Folder], photo: Photo) -> Folder:
    """The configured folder of a photo.

    Raises:
        ControlError: it is no longer in the configuration.
    """
    folder = folders.get(photo.identity.folder)
    if folder is None:
        raise ControlError(f'its folder "{photo.identity.folder}" is no longer in the configuration')
    return folder


async def choose(ledger: Ledger, inputs: Mapping[str, Path], name: str, states: Collection[State]) -> Chosen:
    """The photo of this name in whatever state, else those of ``states`` below the folder, or fitting the pattern."""
    addresses = addresses_of(name, inputs)
    if exact := await ledger.ask(named.named, addresses):
        return Chosen(tuple(photo.id for photo in exact), is_each_meant=True, is_known=True)
    if below := await ledger.ask(named.beneath, addresses, states):
        return Chosen(tuple(below), is_each_meant=False, is_known=True)
    is_known = bool(await ledger.ask(named.beneath, addresses, frozenset(State)))
    return Chosen((), is_each_meant=False, is_known=is_known)


async def pages_of(ledger: Ledger, numbers: Sequence[int]) -> AsyncIterator[list[Photo]]:
    """The photos of these numbers, a page of them in memory: an order may be about a million."""
    for page in named.pages(numbers):
        yield await ledger.ask(named.numbered, page)
