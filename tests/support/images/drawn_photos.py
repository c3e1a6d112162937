"""Photos drawn in code: a coloured subject on a plain ground, no two alike, so none is known by its content."""

import io
import random
from itertools import count
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw

_serial = count(1)
_SIZE = (160, 120)
UPRIGHT_SIZE = (120, 160)


def draw(size: tuple[int, int] = _SIZE) -> Image.Image:
    """A subject left of and above the middle, so that a wrong turn shows."""
    number = next(_serial)
    picture = Image.new("RGB", size, (240, 240, 236))
    width, height = size
    colour = (200, number % 256, number // 256 % 256)
    ImageDraw.Draw(picture).ellipse((width // 8, height // 8, width // 2, height // 2), fill=colour)
    return picture


def jpeg() -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    draw().save(out, "JPEG")
    # Neighbouring colours become the same bytes in a JPEG; a segment of its own tells them apart.
    return with_segment(out.getvalue(), str(next(_serial)).encode())


def with_segment(jpeg: bytes, content: bytes, marker: int = 0xEA) -> bytes:
    """The JPEG with one more segment in front; as an application's own, which nobody knows, it is another picture."""
    return jpeg[:2] + bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]


def jpeg_of(colour: str) -> bytes:
    """A small JPEG whose subject has this colour, so that it can be told from others by its looks."""
    picture = Image.new("RGB", _SIZE, (240, 240, 236))
    width, height = _SIZE
    ImageDraw.Draw(picture).ellipse((width // 8, height // 8, width // 2, height // 2), fill=colour)
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def lying_jpeg() -> bytes:
    """As a camera held upright writes it: stored lying, with EXIF orientation 6 to turn it for the eye."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    draw(UPRIGHT_SIZE).transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif)
    return out.getvalue()


def noisy_jpeg(size_bytes: int) -> bytes:
    """A JPEG of at least this size: noise does not compress."""
    side = int((size_bytes / 2) ** 0.5)
    noise = random.Random(next(_serial)).randbytes(3 * side * side)  # noqa: S311  a picture, not a secret
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), noise).save(out, "JPEG", quality=95)
    return out.getvalue()


def png() -> bytes:
    """A PNG photo."""
    out = io.BytesIO()
    draw().save(out, "PNG")
    return out.getvalue()


def put(file: Path, content: bytes | None = None) -> Path:
    """Write a photo where it does not exist yet, folders included."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg() if content is None else content)
    return file


def is_cutout(file: Path) -> bool:
    """Whether it is a PNG that decodes to its end, transparent in the corner and opaque on the subject."""
    with Image.open(file) as picture:
        picture.load()
        width, height = picture.size
        subject = picture.getpixel((width * 5 // 16, height * 5 // 16))
        corner = picture.getpixel((0, 0))
        return (
            picture.format == "PNG"
            and picture.mode == "RGBA"
            and isinstance(subject, tuple)
            and subject[3] == 255
            and isinstance(corner, tuple)
            and corner[3] == 0
        )
