"""Pictures that are no cutouts, as a spoilt service may deliver them."""

import zlib
from functools import cache

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def with_junk_pixels(png: bytes) -> bytes:
    """Return a PNG with two bytes of nonsense for its pixels, and right checksums."""
    start = png.find(b"IDAT")
    if start < 0:
        return png
    chunk = b"IDAT" + b"\xff\xff"
    frame = len(chunk[4:]).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    end = b"IEND"
    return png[: start - 4] + frame + bytes(4) + end + zlib.crc32(end).to_bytes(4, "big")


@cache
def giant() -> bytes:
    """Return a sound PNG of 30 megapixels of nothing."""
    width, height = 6_000, 5_000
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((1, 0, 0, 0, 0))
    rows = zlib.compress(bytes(height * (width // 8 + 1)))
    return _SIGNATURE + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )
