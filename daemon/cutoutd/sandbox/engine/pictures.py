"""Photos as pixels, and cutouts as files: orientation, transparency and colours of a source.

Every parser of foreign bytes raises nearly anything. So each of them is called in one place, and its errors end there.
"""

import uuid
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile, PngInfo

_COMPRESS_LEVEL = 1
"""The fastest level of zlib: 12 megapixels take one second instead of four, for a slightly larger file."""
_WHITE = (255, 255, 255, 255)
_MAX_16_BIT_GREY_PER_8_BIT = 257
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = range(1, 9)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_COLOUR_CHUNKS = (b"cHRM", b"cICP", b"gAMA", b"sRGB")
_EXIF_CHUNK = b"eXIf"
_TEXT_CHUNKS = (b"tEXt", b"zTXt")
_RAW_PROFILES = (b"Raw profile type exif", b"Raw profile type APP1")
_MAX_TEXT_BYTES = 1 << 20  # unpacked
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """The photo as opaque RGB, with what its file says about its colours.

    Attributes:
        pixels: The picture.
        icc_profile: Its profile, for RGB.
        chunks: Type and content of a PNG's other chunks about colours.
    """

    pixels: Image.Image
    icc_profile: bytes | None
    chunks: tuple[tuple[bytes, bytes], ...]


class UnreadableSourceError(OSError):
    """A file that cannot be read as a picture."""


class _JpegSource(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip it, because garbage in EXIF would refuse a good picture."""


def open_picture(source: Path) -> Image.Image:
    """Open a picture with its header parsed, but no pixel decoded.

    Raises:
        UnreadableSourceError: It cannot be read as a picture.
    """
    try:
        with source.open("rb") as file:
            head = file.read(len(_PNG_SIGNATURE))
        # By name, because Pillow would else take a phone's JPEG with a second picture behind it for another format.
        # It would also refuse large pictures, by a limit of its own.
        if head.startswith(_JPEG_SIGNATURE):
            return _JpegSource(source)
        return PngImageFile(source) if head == _PNG_SIGNATURE else Image.open(source)
    except Exception as error:
        raise UnreadableSourceError(f"{source.name} cannot be read as a picture: {error}") from error


def read_picture(source: Path, orientation: int | None) -> SourcePicture:
    """Return the picture, turned by this EXIF orientation; transparent parts become white.

    Raises:
        UnreadableSourceError: It cannot be read as a picture.
    """
    with open_picture(source) as stored:
        try:
            stored.load()
        except Exception as error:
            raise UnreadableSourceError(f"{source.name} cannot be decoded: {error}") from error
        turn = _TURNS.get(orientation or 1)
        picture = stored.copy() if turn is None else stored.transpose(turn)
        icc_profile = stored.info.get("icc_profile")
    if picture.mode.startswith("I"):
        picture = picture.point(lambda level: level / _MAX_16_BIT_GREY_PER_8_BIT).convert("L")
    is_grey = picture.mode in {"L", "LA"}
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, _WHITE), picture)
        picture = picture.convert("L" if is_grey else "RGB")
    if icc_profile and picture.mode in {"L", "CMYK"}:
        converted = _converted(picture, icc_profile)
        icc_profile, picture = (None, converted) if converted else (None, picture)
    return SourcePicture(picture.convert("RGB"), icc_profile, tuple(_chunks(source, _COLOUR_CHUNKS)))


def write_cutout(result: Image.Image, source: SourcePicture, destination: Path) -> None:
    """Write a result as PNG with the colours of its source. The file appears whole or not at all."""
    chunks = PngInfo()
    for kind, content in source.chunks:
        chunks.add(kind, content)
    icc_profile = source.icc_profile if result.mode == "RGBA" else None
    part = destination.with_name(f"{destination.name}.{uuid.uuid4().hex}.part")
    try:
        result.save(part, "PNG", compress_level=_COMPRESS_LEVEL, icc_profile=icc_profile, pnginfo=chunks)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)


def orientation_of(stored: Image.Image, source: Path) -> int | None:
    """Return the EXIF orientation of an opened picture.

    It may stand in a byte, in a chunk behind the pixels, or in the text of an older PNG. XMP does not count, and
    neither does EXIF that makes no sense.
    """
    # From the chunks, because Pillow reads those behind the pixels only after it has decoded them.
    late = [content for _, content in _chunks(source, (_EXIF_CHUNK,))[:1]]
    texts = dict(map(_text, _chunks(source, _TEXT_CHUNKS)))
    profiles = [stored.info.get("exif"), *late, *(_unhexed(texts.get(name, b"")) for name in _RAW_PROFILES)]
    for profile in filter(None, profiles):
        exif = Image.Exif()
        # Every error, because the parser of foreign bytes raises nearly anything.
        with suppress(Exception):
            exif.load(profile)
            value = exif.get(_ORIENTATION_TAG)
            if value is not None:
                orientation = int(value[0] if isinstance(value, bytes) else value)
                return orientation if orientation in _ORIENTATIONS else None
    return None


def _text(chunk: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return keyword and text of a chunk; an empty text if it cannot be unpacked."""
    kind, content = chunk
    keyword, _, text = content.partition(b"\0")
    if kind == b"zTXt" and keyword in _RAW_PROFILES:
        unpack = zlib.decompressobj()
        try:
            text = unpack.decompress(text[1:], _MAX_TEXT_BYTES)
        except zlib.error:
            text = b""
    return keyword, text


def _unhexed(text: bytes) -> bytes:
    with suppress(ValueError):
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    return b""


def _converted(picture: Image.Image, icc_profile: bytes) -> Image.Image | None:
    """Return a grey or printer's picture in sRGB, because a cutout is RGB and cannot keep its profile."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        return ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return None


def _chunks(source: Path, wanted: Collection[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the wanted chunks of a PNG; none of another format. Those about colours stand before the pixels."""
    found = []
    with source.open("rb") as file:
        if file.read(len(_PNG_SIGNATURE)) != _PNG_SIGNATURE:
            return []
        while (head := file.read(8)) and head[4:] not in {b"IEND", b""}:
            length = int.from_bytes(head[:4], "big")
            if head[4:] in wanted:
                found.append((head[4:], file.read(length)))
                length = 0
            file.seek(length + 4, 1)
    return found
