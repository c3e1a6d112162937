"""The completeness of a picture file: JPEG segments up to the end marker, PNG chunks up to IEND.

The stability check asks if a file is finished, the validation if it is cut off. The file is read in blocks and not
decoded. The content between the markers is not judged.
"""

from typing import BinaryIO

from cutoutd.images.structure.jpeg_segments import BLOCK_BYTES, EOI, JPEG_SIGNATURE, walk_segments
from cutoutd.images.structure.png_chunks import IEND, PNG_SIGNATURE, walk_chunks


def picture_end(file: BinaryIO, block_bytes: int = BLOCK_BYTES) -> int | None:
    """Return the offset behind the end marker of a picture. Blocking.

    A trailer behind the marker, as phones append it, does not matter. None if the file ends before its marker, or is no
    JPEG or PNG. The position in the file moves.

    Args:
        file: the picture.
        block_bytes: how much of a JPEG is read at once.

    Raises:
        ValueError: the structure breaks off inside the file, so more bytes cannot mend it.
        OSError: the disk cannot be read.
    """
    file.seek(0)
    head = file.read(len(PNG_SIGNATURE))
    if head == PNG_SIGNATURE:
        return next((chunk.end for chunk in walk_chunks(file) if chunk.type == IEND), None)
    if not head.startswith(JPEG_SIGNATURE):
        return None
    return next((segment.end for segment in walk_segments(file, block_bytes) if segment.marker == EOI), None)


def is_whole(file: BinaryIO) -> bool:
    """Return True if the file reaches its own end marker. Blocking."""
    try:
        return picture_end(file) is not None
    except ValueError:
        return False
