"""Pictures for tests: small ones drawn in code, and real photographs that scikit-image ships."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

ORIENTATION = 0x0112

MOST_PIXELS = 250_000_000

#: Lossless pictures of four different corners, so that every turn and flip can be told from the others.
CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))


def drawn(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """Four coloured quarters: red, green, blue and white, in reading order."""
    image = Image.new("RGB", (2, 2))
    image.putdata(CORNERS)
    return image.resize(size, Image.Resampling.NEAREST).convert(mode)


def encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, picture_format, **options)
    return file.getvalue()


def jpeg(size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    return encoded(drawn(size), "JPEG", quality=95, **options)


def png(size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object) -> bytes:
    return encoded(drawn(size, mode), "PNG", **options)


def photograph(name: str = "astronaut", **options: object) -> bytes:
    """A real photograph as JPEG."""
    data = pytest.importorskip("skimage.data", reason="scikit-image's photographs are not installed")
    return encoded(Image.fromarray(getattr(data, name)()), "JPEG", **{"quality": 90, **options})


def exif(orientation: int, *, thumbnail: bytes = b"") -> bytes:
    """EXIF with an orientation and, like a camera's, a thumbnail that is a whole JPEG of its own."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags.tobytes() + thumbnail


def chunk(name: bytes, content: bytes, *, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(name + content) if crc is None else crc
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_of(width: int, height: int, *, bit_depth: int = 8, color_type: int = 0) -> bytes:
    """A black PNG that claims these dimensions. Above 250 megapixels its pixels are missing."""
    header = struct.pack(">IIBBBBB", width, height, bit_depth, color_type, 0, 0, 0)
    row_bytes = 1 + (width * bit_depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type] + 7) // 8
    pack = zlib.compressobj(1)
    rows = height if width * height <= MOST_PIXELS else 0
    data = b"".join(pack.compress(bytes(row_bytes)) for _ in range(rows)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
