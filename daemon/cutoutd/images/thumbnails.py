"""Small pictures on demand, for asyncio: from the shelf, else drawn; few at a time, and none twice at once."""

import asyncio
from collections.abc import Callable, Iterable
from weakref import WeakValueDictionary

from cutoutd.config.settings import Folder
from cutoutd.core.errors import RejectedError
from cutoutd.core.photo import Photo
from cutoutd.images.drawing import draw
from cutoutd.images.memory_gate import in_turn
from cutoutd.images.originals import Absence, Original, Side, has_side, key_of, open_original
from cutoutd.images.thumbnail_cache import Shelf, Size

#: Drawing decodes pixels: two at once keep memory and both cores of a small machine in bounds.
_DRAWN_AT_ONCE = 2

_NOT_TO_BE_DRAWN = "It cannot be shown: {}."


class Previews:
    """What there is to see of photos.

    Args:
        shelf: where small pictures are kept.
        folders: those configured, whenever it is asked.
    """

    def __init__(self, shelf: Shelf, folders: Callable[[], Iterable[Folder]]) -> None:
        self._shelf = shelf
        self._folders = folders
        self._drawing = asyncio.Semaphore(_DRAWN_AT_ONCE)
        self._locks: WeakValueDictionary[tuple[str, Size], asyncio.Lock] = WeakValueDictionary()

    async def original(self, photo: Photo, side: Side) -> Original | Absence:
        """One of the photo's files, open, for the caller to close."""
        return await asyncio.to_thread(self._opened, photo, side)

    async def preview(self, photo: Photo, side: Side, size: Size) -> bytes | Absence:
        """A small picture as WebP. One that was kept is shown even when its file is gone: it is of that very file."""
        if not has_side(photo, side):
            return await asyncio.to_thread(self._drawn, photo, side, size)
        key = key_of(photo, side)
        lock = self._locks.setdefault((key, size), asyncio.Lock())
        async with lock:
            kept = await asyncio.to_thread(self._shelf.take, key, size)
            if kept is not None:
                return kept
            async with self._drawing:
                # Cancelled, it goes on in its thread and is kept for whoever asks next.
                return await in_turn(photo.identity.size_bytes, self._drawn, photo, side, size)

    def _opened(self, photo: Photo, side: Side) -> Original | Absence:
        folders = tuple(self._folders())
        inputs = {folder.name: folder.input for folder in folders}
        archives = {folder.name: folder.archive for folder in folders if folder.archive is not None}
        return open_original(photo, side, inputs, archives)

    def _drawn(self, photo: Photo, side: Side, size: Size) -> bytes | Absence:
        original = self._opened(photo, side)
        if isinstance(original, Absence):
            return original
        with original.content:
            try:
                content = draw(original, size.value)
            except RejectedError as error:
                return Absence(_NOT_TO_BE_DRAWN.format(error.sentence))
        self._shelf.put(key_of(photo, side), size, content)
        return content
