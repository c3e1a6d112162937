"""The contents of chunks that hold no pixels, before and behind the pixels of a PNG."""

from collections.abc import Collection
from contextlib import suppress
from typing import BinaryIO, cast

from PIL.ImageFile import ImageFile

from cutoutd.images.structure.png_chunks import walk_chunks

_MOST_BYTES = 4_000_000  #: colours, EXIF and XMP have kilobytes


def side_chunks(image: ImageFile, wanted: Collection[bytes]) -> list[tuple[bytes, bytes]]:
    """Return type and content of the wanted chunks of an opened PNG, in their order.

    Chunks that are too long are left out. A structure that makes no sense ends them, and a closed file has none. The
    position in the file stays, because the decoder goes on from there. Blocking.
    """
    if image.fp is None:
        return []
    found, file = [], cast("BinaryIO", image.fp)
    position = file.tell()
    with suppress(ValueError):
        for chunk in walk_chunks(file):
            length = chunk.content_end - chunk.content_start
            if chunk.type in wanted and length <= _MOST_BYTES:
                file.seek(chunk.content_start)
                found.append((chunk.type, file.read(length)))
    file.seek(position)
    return found
