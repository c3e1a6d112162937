"""Small pictures of photos and cutouts: upright, with their transparency and their colours, as WebP.

Drawing needs several bytes a pixel: call it through ``picture_memory``.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from weakref import WeakValueDictionary

from PIL import Image
from PIL.ImageFile import ImageFile

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import BlockingCalls, calls_to, local_calls
from cutoutd.core.errors import RejectedError, RejectionCode, TreeUnavailableError
from cutoutd.core.photo import Photo
from cutoutd.images.copies.modes import in_plain_mode
from cutoutd.images.copies.orientation import turned_upright
from cutoutd.images.copies.srgb import in_srgb
from cutoutd.images.originals import Absence, Original, Roots, Side, has_side, key_of, open_original, root_of
from cutoutd.images.picture_memory import CUTOUT_BYTES, CUTOUT_THUMBNAIL, THUMBNAIL, picture_memory
from cutoutd.images.structure.colours import colours_of
from cutoutd.images.structure.formats import open_picture
from cutoutd.images.structure.orientation import orientation_of
from cutoutd.images.thumbnail_cache import ThumbnailCache, ThumbnailSize

MIME_TYPE = "image/webp"

#: Counted as decoded; a JPEG decodes at a fraction of its size. Cutouts have at most 25 (docs/uploadcare.md 1).
_MOST_MEGAPIXELS = 60

#: Pillow's scale; at 80 a product photo of 480 pixels has about 15 kB.
_QUALITY = 80

#: The picture is decoded at twice the wanted size and scaled smoothly from there. More would not be visible.
_GAP = 2

#: Two at once, because drawing decodes pixels: more would fill the memory and both cores of a small machine.
_DRAWN_AT_ONCE = 2


class Thumbnails:
    """The pictures of photos, for asyncio: from the cache, else drawn; few at a time, and none twice at once.

    Args:
        cache: keeps the small pictures.
        folders: returns the folders of the present configuration.
    """

    def __init__(self, cache: ThumbnailCache, folders: Callable[[], Iterable[FolderSettings]]) -> None:
        self._cache = cache
        self._folders = folders
        self._drawing = asyncio.Semaphore(_DRAWN_AT_ONCE)
        self._locks: WeakValueDictionary[tuple[str, ThumbnailSize], asyncio.Lock] = WeakValueDictionary()

    async def original(self, photo: Photo, side: Side) -> Original | Absence:
        """Open one of the photo's files; the caller reads and closes it among ``calls_to`` its tree."""
        try:
            return await self.calls_to(photo, side).run(open_original, photo, side, *roots_of(self._folders()))
        except TreeUnavailableError as error:
            return Absence(f"{error.sentence}.")

    async def thumbnail(self, photo: Photo, side: Side, size: ThumbnailSize) -> bytes | Absence:
        """Return a small picture as WebP; a cached one also when its file is gone, because it shows that very file."""
        if not has_side(photo, side):
            return self._draw(photo, side, size)  # a sentence, without a look at any file
        key = key_of(photo, side)
        lock = self._locks.setdefault((key, size), asyncio.Lock())
        async with lock:
            cached = await local_calls.run(self._cache.get, key, size)
            if cached is not None:
                return cached
            async with self._drawing:
                # After a cancellation the thread goes on, and the next caller finds the picture in the cache.
                draw = partial(self._draw, photo, side, size)
                try:
                    return await picture_memory.run_at(self.calls_to(photo, side), need_of(photo, side), draw)
                except TreeUnavailableError as error:
                    return Absence(f"{error.sentence}.")

    def calls_to(self, photo: Photo, side: Side) -> BlockingCalls:
        """Return the calls to the tree that the file is in."""
        inputs, archives = roots_of(self._folders())
        root = root_of(photo, side, inputs, archives)
        return local_calls if root is None else calls_to(root)

    def _draw(self, photo: Photo, side: Side, size: ThumbnailSize) -> bytes | Absence:
        inputs, archives = roots_of(self._folders())
        content = draw_side(photo, side, inputs, archives, size.value)
        if not isinstance(content, Absence):
            self._cache.put(key_of(photo, side), size, content)
        return content


def roots_of(folders: Iterable[FolderSettings]) -> tuple[Roots, Roots]:
    """Return the input trees and the archives of these folders."""
    folders = tuple(folders)
    inputs = {folder.name: folder.input for folder in folders}
    return inputs, {folder.name: folder.archive for folder in folders if folder.archive is not None}


def need_of(photo: Photo, side: Side) -> int:
    """Return the memory that drawing takes, in bytes."""
    if side is Side.CUTOUT:
        return min(CUTOUT_BYTES, CUTOUT_THUMBNAIL * photo.picture.pixels) or CUTOUT_BYTES
    return THUMBNAIL * photo.picture.pixels


def draw_side(photo: Photo, side: Side, inputs: Roots, archives: Roots, side_px: int) -> bytes | Absence:
    """Draw one of the photo's files as WebP, or say why it cannot be shown. Blocking."""
    original = open_original(photo, side, inputs, archives)
    if isinstance(original, Absence):
        return original
    with original.content:
        try:
            return _draw(original, side_px)
        except RejectedError as error:
            return Absence(f"It cannot be shown: {error.sentence}.")


def shrunk(image: ImageFile, side_px: int, most_megapixels: float = float("inf")) -> Image.Image:
    """Return the picture upright, as RGB or RGBA in sRGB, with sides of at most ``side_px``; never enlarged.

    Raises:
        RejectedError: the picture has too many pixels to be decoded.
    """
    # Early, because a JPEG decoder skips most of its work when it knows the wanted size.
    scale = max(1.0, max(image.size) / (side_px * _GAP))
    image.draft(None, (int(image.width / scale), int(image.height / scale)))
    if image.width * image.height > most_megapixels * 1_000_000:
        raise RejectedError(RejectionCode.TOO_MANY_PIXELS, f"it has more than {most_megapixels} megapixels")
    orientation, colours = orientation_of(image), colours_of(image)
    small = in_plain_mode(image)
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=_GAP)
    return turned_upright(in_srgb(small, colours), orientation)


def _draw(original: Original, side_px: int) -> bytes:
    with open_picture(original.content, original.format) as image:
        small = shrunk(image, side_px, _MOST_MEGAPIXELS)
        out = BytesIO()
        small.save(out, "WEBP", quality=_QUALITY, icc_profile=b"", exif=b"", xmp=b"")
        return out.getvalue()
