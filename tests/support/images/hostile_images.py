"""Small pictures to be broken, with what strangers may put into them, and a bound on what looking at one may cost."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.images.photographs import jpeg, png

MOST_BYTES = 12_000_000
#: CPU that one file may cost; the worst of them took minutes before it was bounded.
MOST_CPU_S = 3.0

SMALL_JPEG = jpeg((8, 8))
SMALL_PNG = png((8, 8))
#: Behind the signature and IHDR, where metadata belongs.
PNG_METADATA_AT = 33


@contextmanager
def bounded() -> Iterator[None]:
    started_s = time.thread_time()
    yield
    assert time.thread_time() - started_s < MOST_CPU_S


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(*segments: bytes) -> bytes:
    return SMALL_JPEG[:2] + b"".join(segments) + SMALL_JPEG[2:]


def with_chunks(*chunks: bytes) -> bytes:
    return SMALL_PNG[:PNG_METADATA_AT] + b"".join(chunks) + SMALL_PNG[PNG_METADATA_AT:]


def jpeg_of(width: int, height: int, *, frame: int = 0xC0, data: bytes = b"") -> bytes:
    """A JPEG whose frame header claims these dimensions, and this kind of coding, with more data for its pixels."""
    at = SMALL_JPEG.index(b"\xff\xc0")
    sizes = struct.pack(">HH", height, width)
    return (
        SMALL_JPEG[: at + 1]
        + bytes([frame])
        + SMALL_JPEG[at + 2 : at + 5]
        + sizes
        + SMALL_JPEG[at + 9 : -2]
        + data
        + SMALL_JPEG[-2:]
    )


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """EXIF of these tags: number, type, count, and value or offset; the next directory is this one again."""
    packed = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + packed + struct.pack(">I", 8)
