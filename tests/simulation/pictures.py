"""The photos of a world: tiny, told apart by their numbers."""

import hashlib
import io
import random
from functools import cache

from PIL import Image, ImageDraw

#: Pictures from this number on have a shape of their own each, the others all the same one.
OWN_SHAPES = 500

#: Pictures from this number on are too large for a small limit.
LARGE = 2_000


@cache
def photo(number: int) -> bytes:
    """Return the JPEG of a number: a subject on a plain ground."""
    picture = _drawn(number)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    drawn = out.getvalue()
    mark = f"picture {number}".encode()  # a segment that nobody knows makes it a picture of its own
    return drawn[:2] + b"\xff\xea" + (len(mark) + 2).to_bytes(2, "big") + mark + drawn[2:]


def _drawn(number: int) -> Image.Image:
    if number >= LARGE:
        noise = random.Random(number).randbytes(160 * 120 * 3)  # noqa: S311  a picture, not a secret
        picture = Image.frombytes("RGB", (160, 120), noise).resize((320, 240))
        picture.paste((240, 240, 236), (0, 0, 320, 40))
        return picture
    width = 48 if number < OWN_SHAPES else 40 + 3 * (number - OWN_SHAPES)
    picture = Image.new("RGB", (width, 40), (240, 240, 236))
    colour = (200 - number % 50, number * 37 % 200, number * 91 % 200)
    ImageDraw.Draw(picture).ellipse((8, 6, 32, 30), fill=colour)
    return picture


@cache
def sha256_of(number: int) -> str:
    """Return the hash of a photo's bytes."""
    return hashlib.sha256(photo(number)).hexdigest()


def name_of(sha256: str) -> str:
    """Return the photo's number in words; of another file, the beginning of its hash."""
    return next((f"picture {number}" for number in range(2 * OWN_SHAPES) if sha256_of(number) == sha256), sha256[:12])
