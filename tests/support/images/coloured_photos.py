"""A strong red of Display P3 and a grey, in the ways in which a file may tell its colours."""

import io
import struct

from PIL import Image, ImageCms, ImageDraw

from support.images.photographs import chunk, encoded, exif

#: Behind the signature and IHDR.
_SIDE_AT = 33

CICP_P3 = b"\x0c\x0d\x00\x01"
GAMMA_1 = struct.pack(">I", 100_000)
CHRM_P3 = struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)

#: Of Display P3 and of sRGB: the same red to the eye.
RED_IN_P3, RED_IN_SRGB = (234, 51, 35), (255, 0, 0)


def picture(colour: tuple[int, ...] | int, mode: str = "RGB") -> Image.Image:
    """A disc in a white field, 96 x 160 pixels, lying."""
    white = (255,) * len(colour) if isinstance(colour, tuple) else 255
    image = Image.new(mode, (96, 160), white)
    ImageDraw.Draw(image).ellipse((20, 30, 80, 130), fill=colour)
    return image


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    return png[:_SIDE_AT] + b"".join(chunk(*one) for one in chunks) + png[_SIDE_AT:]


def p3_png(orientation: int = 6, **options: object) -> bytes:
    png = encoded(picture(RED_IN_P3), "PNG", exif=exif(orientation), **options)
    return with_chunks(png, (b"cICP", CICP_P3))


def grey_profile() -> bytes:
    """A grey profile with light in proportion to the level, so 128 is as bright as 188 of sRGB."""
    point = b"curv" + bytes(4) + struct.pack(">I", 0)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65_536 * value) for value in (0.9642, 1.0, 0.8249)))
    text = b"desc" + bytes(4) + struct.pack(">I", 12) + b"linear grey\0" + bytes(78)
    tags = {b"desc": text + bytes(-len(text) % 4), b"wtpt": white, b"kTRC": point}
    table, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(content), len(tag))
        content += tag
    head = struct.pack(">I4xI4s4s4s", 128 + len(table + content), 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + white[8:]
    return head + bytes(128 - len(head)) + table + content


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunks_of(png: bytes) -> dict[bytes, bytes]:
    """Every chunk before the pixels."""
    found, at = {}, 8
    while png[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(png[at : at + 4], "big")
        found[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += length + 12
    return found


def middle(content: bytes) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(content))
    return tuple(image.convert("RGB").getpixel((image.width // 2, image.height // 2)))


def is_near(one: tuple[int, ...], other: tuple[int, ...], most: int = 6) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one[:3], other[:3], strict=True))
