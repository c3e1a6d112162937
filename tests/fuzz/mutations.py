"""Hostile pictures without end: small real ones drawn in code, and ways to break them.

Every input follows from a seed and its number alone, so a failing one can be made again.
"""

import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw

Mutation = Callable[[bytes, random.Random], bytes]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112
_SOS = 0xDA
_MOST_MUTATIONS = 3
_LONGEST_NAME_BYTES = 200

#: Lengths and counts that parsers stumble over.
_LIES = (0, 1, 2, 3, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

_STRANGERS = (
    b"PK\x03\x04\x14\0\0\0\0\0",
    b"%PDF-1.7\n1 0 obj\n",
    b"<!DOCTYPE html><script>alert(1)</script>",
    b"GIF89a\x01\0\x01\0",
    b"RIFF\x24\0\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
    b"II*\0\x08\0\0\0",
    b"\0" * 64,
)
#: The last unpacks to more than Pillow allows a text or profile.
_PACKED = tuple(zlib.compress(bytes(size)) for size in (0, 10, 1000, 1_100_000))
_SEGMENT_STARTS = (
    b"Exif\0\0",
    b"Exif\0\0MM\0*\0\0\0\x08",
    b"Exif\0\0II*\0\x08\0\0\0",
    b"http://ns.adobe.com/xap/1.0/\0",
    b"ICC_PROFILE\0\x01\x01",
    b"MPF\0MM\0*\0\0\0\x08",
    b"Photoshop 3.0\x008BIM\x03\xed",
    b"Adobe\0",
    b"JFIF\0\x01\x02",
    b"FPXR\0",
    b"",
)
_CHUNK_TYPES = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"tEXt", b"zTXt"),
    *(b"iTXt", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"abCd", b"\0\xff\n\x1b"),
)


def make(seed: int, number: int) -> bytes:
    """One input: a small real picture, broken in one to three ways."""
    chance = _chance(seed, number)
    content = chance.choice(_PICTURES)
    for _ in range(chance.randint(1, _MOST_MUTATIONS)):
        content = chance.choice(_MUTATIONS)(content, chance)
    return content


def name(seed: int, number: int) -> bytes:
    """Its file name: unlike any other's, mostly plain, sometimes with any bytes that Linux allows."""
    chance = _chance(seed, -1 - number)
    odd = b"" if chance.random() < 0.9 else _noise(chance, _LONGEST_NAME_BYTES).translate(None, b"\0/")
    return b"%d%s%s" % (number, odd, chance.choice((b".jpg", b".JPEG", b".png", b".heic")))


def _chance(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed} {number}")  # noqa: S311  pictures, not secrets


def _encoded(mode: str, picture_format: str, **options: object) -> bytes:
    picture = Image.new("RGB", (24, 16), (240, 240, 236))
    ImageDraw.Draw(picture).ellipse((4, 2, 18, 14), fill=(200, 40, 60))
    file = BytesIO()
    picture.convert(mode).save(file, picture_format, **options)
    return file.getvalue()


def _pictures() -> tuple[bytes, ...]:
    lying = Image.Exif()
    lying[_ORIENTATION] = 6
    frames = [Image.new("RGB", (24, 16))]
    return (
        _encoded("RGB", "JPEG"),
        _encoded("RGB", "JPEG", progressive=True, comment=b"a comment"),
        _encoded("RGB", "JPEG", exif=lying, icc_profile=b"profile" * 20, restart_marker_rows=1),
        _encoded("L", "JPEG", exif=lying),
        _encoded("CMYK", "JPEG"),
        _encoded("RGB", "MPO", save_all=True, append_images=frames),
        _encoded("RGB", "PNG"),
        _encoded("RGBA", "PNG", exif=lying, icc_profile=b"profile" * 20),
        _encoded("P", "PNG", transparency=0),
        _encoded("1", "PNG"),
        _encoded("I;16", "PNG"),
        _encoded("RGB", "PNG", save_all=True, append_images=frames),
    )


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _flip_bits(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    at, noise = _place(content, chance), _noise(chance, 40)
    return content[:at] + noise + content[at + len(noise) :]


def _insert(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + _noise(chance, 40) + content[at:]


def _cut_out(content: bytes, chance: random.Random) -> bytes:
    start, end = sorted((_place(content, chance), _place(content, chance)))
    return content[:start] + content[end:]


def _splice_parts(content: bytes, chance: random.Random) -> bytes:
    """Chunks or segments of two pictures, in any order."""
    parts = _parts(content) + _parts(chance.choice(_PICTURES))
    return parts[0] + b"".join(chance.choices(parts, k=chance.randint(1, len(parts) + 2)))


def _lie_about_length(content: bytes, chance: random.Random) -> bytes:
    parts = _parts(content)
    at = chance.randrange(len(parts))
    lie = chance.choice((*_LIES, chance.getrandbits(32)))
    if content.startswith(_PNG_SIGNATURE):
        parts[at] = struct.pack(">I", lie) + parts[at][4:]
    else:
        parts[at] = parts[at][:2] + struct.pack(">H", lie & 0xFFFF) + parts[at][4:]
    return b"".join(parts)


def _lie_about_header(content: bytes, chance: random.Random) -> bytes:
    """Other dimensions, depths, colour types, with a checksum that agrees."""
    parts = _parts(content)
    if content.startswith(_PNG_SIGNATURE) and len(parts) > 1:
        sides = chance.choices((*_LIES, 60_000, 65_535, 65_536), k=2)
        parts[1] = _chunk(b"IHDR", struct.pack(">II", *sides) + bytes(chance.choices(range(18), k=5)))
    for at, part in enumerate(parts):
        if b"\xff\xc0" <= part[:2] <= b"\xff\xcf":  # a frame header (T.81, table B.1)
            parts[at] = part[:4] + _noise(chance, 6).ljust(6, b"\xff") + part[10:]
    return b"".join(parts)


def _add_part(content: bytes, chance: random.Random) -> bytes:
    """A segment or chunk that is well framed, around garbage."""
    parts = _parts(content)
    if content.startswith(_PNG_SIGNATURE):
        added = _chunk(chance.choice(_CHUNK_TYPES), _chunk_content(chance))
    else:
        payload = chance.choice(_SEGMENT_STARTS) + _tiff_entries(chance)
        marker = chance.choice((0xFE, 0xDB, 0xC4, 0xDD, 0xCC, *range(0xE0, 0xF0)))
        added = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    parts.insert(chance.randint(1, len(parts)), added * chance.choice((1, 1, 1, 2, 50)))
    return b"".join(parts)


def _join(content: bytes, chance: random.Random) -> bytes:
    """Polyglots: something else before, behind, or on both sides."""
    other = chance.choice((*_STRANGERS, *_PICTURES))
    return chance.choice((content + other, other + content, other + content + other))


def _chunk_content(chance: random.Random) -> bytes:
    packed = b"name\0\0" + chance.choice(_PACKED)
    tiff = b"MM\0*\0\0\0\x08" + _tiff_entries(chance)
    numbers = struct.pack(">II", *chance.choices(_LIES, k=2))
    return chance.choice((packed, tiff, numbers, _noise(chance, 60), b""))


def _tiff_entries(chance: random.Random) -> bytes:
    """Tags with any type, count and offset: loops, ends beyond the end, and sizes that no memory holds."""
    entries = chance.randint(0, 6)
    packed = [
        struct.pack(
            ">HHII",
            chance.choice((_ORIENTATION, 0x8769, 0x8825, 0xA005, 0x927C, 0x0128, chance.getrandbits(16))),
            chance.randint(0, 14),
            chance.choice((*_LIES, 1)),
            chance.choice((*_LIES, 8, chance.randint(0, 100))),
        )
        for _ in range(entries)
    ]
    count = chance.choice((entries, entries, 0xFFFF))
    return struct.pack(">H", count) + b"".join(packed) + struct.pack(">I", chance.choice((0, 8, 0xFFFFFFFF)))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _parts(content: bytes) -> list[bytes]:
    """Signature and chunks, or start marker and segments; what cannot be told apart is the last part."""
    is_png = content.startswith(_PNG_SIGNATURE)
    at = len(_PNG_SIGNATURE) if is_png else 2
    parts = [content[:at]]
    while at + 8 < len(content):
        if is_png:
            end = at + int.from_bytes(content[at : at + 4], "big") + 12
        else:
            is_segment = content[at] == 0xFF and content[at + 1] != _SOS
            end = at + int.from_bytes(content[at + 2 : at + 4], "big") + 2 if is_segment else len(content)
        parts.append(content[at:end])
        at = end
    return [*parts, content[at:]] if at < len(content) else parts


def _place(content: bytes, chance: random.Random) -> int:
    return chance.randint(0, len(content))


def _noise(chance: random.Random, longest: int) -> bytes:
    return chance.randbytes(chance.randint(0, longest))


_PICTURES = _pictures()
_MUTATIONS: tuple[Mutation, ...] = (
    *(_truncate, _flip_bits, _overwrite, _insert, _cut_out),
    *(_splice_parts, _lie_about_length, _lie_about_header, _add_part, _add_part, _join),
)
