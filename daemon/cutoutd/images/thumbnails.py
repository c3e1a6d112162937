"""Small pictures on demand, for asyncio: from the shelf, else drawn; few at a time, and none twice at once.

A small picture of a large one: upright, with its transparency and its colours, as WebP.

Blocking and hungry for memory (four bytes a pixel, twice), so call it in a thread, and few at a time.
"""

import asyncio
from collections.abc import Callable, Iterable
from io import BytesIO
from weakref import WeakValueDictionary

from PIL import Image
from PIL.ImageFile import ImageFile

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import RejectedError, RejectionCode
from cutoutd.core.photo import Photo
from cutoutd.images.header import open_picture, orientation_of
from cutoutd.images.memory_gate import run_exclusive
from cutoutd.images.orientation import has_alpha, in_plain_mode, turned_upright
from cutoutd.images.originals import Absence, Original, Side, has_side, key_of, open_original
from cutoutd.images.thumbnail_cache import ThumbnailCache, ThumbnailSize

MIME_TYPE = "image/webp"

#: Decoded; a JPEG is decoded at a fraction of its size. Cutouts have at most 25 (UPLOADCARE.md section 1).
_MOST_MEGAPIXELS = 60

#: Pillow's scale; at 80 a product photo of 480 pixels has about 15 kB.
_QUALITY = 80

#: Twice the wanted size is decoded before it is made small smoothly: nobody sees the difference to more.
_GAP = 2


def draw(original: Original, side_px: int) -> bytes:
    """The picture no longer than this on either side, never enlarged.

    Raises:
        RejectedError: it cannot be decoded, or is too large for it.
    """
    with open_picture(original.content, original.format) as image:
        # A JPEG decoder skips most of the work when it is told early what is wanted.
        image.draft(None, (side_px * _GAP, side_px * _GAP))
        _require_bearable(image)
        orientation = orientation_of(image)
        icc_profile = image.info.get("icc_profile") if image.mode != "CMYK" else None
        small = in_plain_mode(image)
        small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=_GAP)
        upright = turned_upright(small.convert("RGBA" if has_alpha(small) else "RGB"), orientation)
        out = BytesIO()
        upright.save(out, "WEBP", quality=_QUALITY, icc_profile=icc_profile or b"", exif=b"", xmp=b"")
        return out.getvalue()


def _require_bearable(image: ImageFile) -> None:
    if image.width * image.height > _MOST_MEGAPIXELS * 1_000_000:
        sentence = f"it has more than {_MOST_MEGAPIXELS} megapixels"
        raise RejectedError(RejectionCode.TOO_MANY_PIXELS, sentence)


#: Drawing decodes pixels: two at once keep memory and both cores of a small machine in bounds.
_DRAWN_AT_ONCE = 2

_NOT_TO_BE_DRAWN = "It cannot be shown: {}."


class Thumbnails:
    """What there is to see of photos.

    Args:
        shelf: where small pictures are kept.
        folders: those configured, whenever it is asked.
    """

    def __init__(self, shelf: ThumbnailCache, folders: Callable[[], Iterable[FolderSettings]]) -> None:
        self._shelf = shelf
        self._folders = folders
        self._drawing = asyncio.Semaphore(_DRAWN_AT_ONCE)
        self._locks: WeakValueDictionary[tuple[str, ThumbnailSize], asyncio.Lock] = WeakValueDictionary()

    async def original(self, photo: Photo, side: Side) -> Original | Absence:
        """One of the photo's files, open, for the caller to close."""
        return await asyncio.to_thread(self._opened, photo, side)

    async def thumbnail(self, photo: Photo, side: Side, size: ThumbnailSize) -> bytes | Absence:
        """A small picture as WebP. One that was kept is shown even when its file is gone: it is of that very file."""
        if not has_side(photo, side):
            return await asyncio.to_thread(self._drawn, photo, side, size)
        key = key_of(photo, side)
        lock = self._locks.setdefault((key, size), asyncio.Lock())
        async with lock:
            kept = await asyncio.to_thread(self._shelf.get, key, size)
            if kept is not None:
                return kept
            async with self._drawing:
                # Cancelled, it goes on in its thread and is kept for whoever asks next.
                return await run_exclusive(photo.identity.size_bytes, self._drawn, photo, side, size)

    def _opened(self, photo: Photo, side: Side) -> Original | Absence:
        folders = tuple(self._folders())
        inputs = {folder.name: folder.input for folder in folders}
        archives = {folder.name: folder.archive for folder in folders if folder.archive is not None}
        return open_original(photo, side, inputs, archives)

    def _drawn(self, photo: Photo, side: Side, size: ThumbnailSize) -> bytes | Absence:
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
