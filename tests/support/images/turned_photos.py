"""One picture in every way in which a file may say how it is to be turned."""

import struct
import zlib
from dataclasses import dataclass

from support.images.photographs import chunk, drawn, encoded

#: Behind the signature and IHDR.
_SIDE_AT = 33
_END_BYTES = 12
_EXIF = b"Exif\0\0"


@dataclass(frozen=True)
class TurnedPhoto:
    """A photo of 60 x 40 pixels as stored."""

    name: str
    content: bytes
    orientation: int  #: the one opinion
    is_disputed: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> tuple[int, int]:
        """Upright."""
        return (40, 60) if self.orientation >= 5 else (60, 40)


def tiff_of(*entries: tuple[int, int]) -> bytes:
    """EXIF without its header: the orientation tag with these types and values."""
    packed = b"".join(struct.pack(">HHI", 0x0112, kind, 1) + _value(kind, value) for kind, value in entries)
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + packed + bytes(4)


def _value(kind: int, value: int) -> bytes:
    return struct.pack({1: ">B3x", 3: ">H2x", 4: ">I"}[kind], value)


SHORT, BYTE, LONG = 3, 1, 4
_LYING = tiff_of((SHORT, 6))
_UPRIGHT = tiff_of((SHORT, 1))


def xmp_of(orientation: int) -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def raw_profile(name: str, exif: bytes) -> bytes:
    """As ImageMagick wrote EXIF into a PNG before there was a chunk for it."""
    content = exif.hex()
    lines = "\n".join(content[at : at + 72] for at in range(0, len(content), 72))
    text = f"\n{name}\n{len(exif):8}\n{lines}\n".encode()
    return chunk(b"zTXt", f"Raw profile type {name}".encode() + b"\0\0" + zlib.compress(text))


def xmp_chunk(orientation: int, *, is_packed: bool = False) -> bytes:
    xmp = xmp_of(orientation)
    flag, xmp = (b"\1", zlib.compress(xmp)) if is_packed else (b"\0", xmp)
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + flag + b"\0\0\0" + xmp)


def jpeg_with(exif: bytes | None = None, xmp: bytes | None = None) -> bytes:
    options: dict[str, object] = {} if exif is None else {"exif": _EXIF + exif}
    if xmp is not None:
        options["xmp"] = xmp
    return encoded(drawn(), "JPEG", quality=95, **options)


def png_with(*before: bytes, behind: bytes = b"") -> bytes:
    png = encoded(drawn(), "PNG")
    return png[:_SIDE_AT] + b"".join(before) + png[_SIDE_AT:-_END_BYTES] + behind + png[-_END_BYTES:]


TURNED_PHOTOS = (
    TurnedPhoto("jpeg", jpeg_with(_LYING), 6),
    TurnedPhoto("jpeg-plain", jpeg_with(), 1),
    TurnedPhoto("jpeg-upright", jpeg_with(_UPRIGHT), 1),
    TurnedPhoto("jpeg-byte", jpeg_with(tiff_of((BYTE, 6))), 6),
    TurnedPhoto("jpeg-long", jpeg_with(tiff_of((LONG, 6))), 6),
    TurnedPhoto("jpeg-twice", jpeg_with(tiff_of((SHORT, 1), (SHORT, 6))), 1, is_disputed=True),
    TurnedPhoto("jpeg-garbage", jpeg_with(b"MM\0*\xff\xff\xff\xff"), 1),
    TurnedPhoto("jpeg-out-of-range", jpeg_with(tiff_of((SHORT, 9))), 1),
    TurnedPhoto("jpeg-xmp", jpeg_with(xmp=xmp_of(6)), 1, is_disputed=True),
    TurnedPhoto("jpeg-xmp-upright", jpeg_with(xmp=xmp_of(1)), 1),
    TurnedPhoto("jpeg-exif-upright-xmp", jpeg_with(_UPRIGHT, xmp_of(8)), 1, is_disputed=True),
    TurnedPhoto("jpeg-exif-xmp", jpeg_with(_LYING, xmp_of(1)), 6, is_disputed=True),
    TurnedPhoto("png", png_with(chunk(b"eXIf", _LYING)), 6),
    TurnedPhoto("png-byte", png_with(chunk(b"eXIf", tiff_of((BYTE, 6)))), 6),
    TurnedPhoto("png-header", png_with(chunk(b"eXIf", _EXIF + _LYING)), 6),
    TurnedPhoto("png-behind", png_with(behind=chunk(b"eXIf", _LYING)), 6),
    TurnedPhoto("png-raw", png_with(raw_profile("exif", _EXIF + _LYING)), 6),
    TurnedPhoto("png-raw-behind", png_with(behind=raw_profile("exif", _EXIF + _LYING)), 6),
    TurnedPhoto("png-raw-app1", png_with(raw_profile("APP1", _EXIF + _LYING)), 6),
    TurnedPhoto(
        "png-upright-raw", png_with(chunk(b"eXIf", _UPRIGHT), raw_profile("exif", _LYING)), 1, is_disputed=True
    ),
    TurnedPhoto("png-xmp", png_with(xmp_chunk(6)), 1, is_disputed=True),
    TurnedPhoto("png-xmp-packed-behind", png_with(behind=xmp_chunk(6, is_packed=True)), 1, is_disputed=True),
    TurnedPhoto("png-raw-xmp", png_with(raw_profile("xmp", xmp_of(6))), 1, is_disputed=True),
)
