"""Photos as pixels, and cutouts as files: orientation, transparency and colours of a source."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

_COMPRESS_LEVEL = 1
"""The fastest level of zlib: 12 megapixels take one second instead of four, for a slightly larger file."""
_WHITE = (255, 255, 255, 255)
_MAX_16_BIT_GREY_PER_8_BIT = 257
_ORIENTATION_TAG = 0x0112
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_CHUNKS = (b"cHRM", b"cICP", b"gAMA", b"sRGB")
_RAW_PROFILES = ("Raw profile type exif", "Raw profile type APP1")
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


def read_picture(source: Path, *, is_exif_honoured: bool) -> SourcePicture:
    """Return the picture; transparent parts become white. EXIF may turn it, and XMP does not.

    Raises:
        OSError: It cannot be read as a picture.
    """
    try:
        with Image.open(source) as stored:
            stored.load()
            turn = _TURNS.get(_orientation(stored) or 1) if is_exif_honoured else None
            picture = stored.copy() if turn is None else stored.transpose(turn)
            icc_profile = stored.info.get("icc_profile")
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OSError(f"{source.name} cannot be read as a picture: {error}") from error
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
    return SourcePicture(picture.convert("RGB"), icc_profile, tuple(_colour_chunks(source)))


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


def _orientation(stored: Image.Image) -> int | None:
    """Return the EXIF orientation of a loaded picture, also one that a byte or an older PNG's text tells."""
    profiles = [stored.info.get("exif"), *(_unhexed(stored.info.get(name)) for name in _RAW_PROFILES)]
    for profile in filter(None, profiles):
        exif = Image.Exif()
        # Every error, because the parser of foreign bytes raises nearly anything.
        with suppress(Exception):
            exif.load(profile)
            value = exif.get(_ORIENTATION_TAG)
            if value is not None:
                return int(value[0] if isinstance(value, bytes) else value)
    return None


def _unhexed(text: object) -> bytes:
    with suppress(ValueError):
        return bytes.fromhex("".join(str(text).split("\n")[3:]))
    return b""


def _converted(picture: Image.Image, icc_profile: bytes) -> Image.Image | None:
    """Return a grey or printer's picture in sRGB, because a cutout is RGB and cannot keep its profile."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError):
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        return ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return None


def _colour_chunks(source: Path) -> list[tuple[bytes, bytes]]:
    """Return the chunks before the pixels of a PNG that tell its colours; none of another format."""
    found = []
    with source.open("rb") as file:
        if file.read(len(_PNG_SIGNATURE)) != _PNG_SIGNATURE:
            return []
        while (head := file.read(8)) and head[4:] not in {b"IDAT", b"IEND", b""}:
            content = file.read(int.from_bytes(head[:4], "big"))
            file.seek(4, 1)
            if head[4:] in _COLOUR_CHUNKS:
                found.append((head[4:], content))
    return found
