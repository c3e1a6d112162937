"""The sandbox's picture engine: it cuts the subject out of a photo, as ``remove_bg`` would.

All work on pixels belongs here, and nothing about HTTP.
"""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageOps

from cutoutd.sandbox.engine import border
from cutoutd.sandbox.engine.composition import UnknownForegroundError, compose
from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.parameters import BadParameterError, Parameters, parse_parameters

__all__ = [
    "BadParameterError",
    "Cutout",
    "Engine",
    "Parameters",
    "UnknownForegroundError",
    "cut_out",
    "parse_parameters",
]

_COMPRESS_LEVEL = 1
"""The fastest level of zlib: 12 megapixels take one second instead of four, for a slightly larger file."""
_WHITE = (255, 255, 255, 255)
_MAX_16_BIT_GREY_PER_8_BIT = 257


class Engine(StrEnum):
    """The way to find the foreground: carefully, or fast enough for load tests."""

    GRABCUT = "grabcut"
    BORDER = "border"


@dataclass(frozen=True, slots=True)
class Cutout:
    """The size of a cutout in pixels, and its ``foreground_type``, which is empty unless it was asked for."""

    width: int
    height: int
    foreground_type: str


def cut_out(
    source: Path, destination: Path, parameters: Parameters, *, engine: Engine, is_exif_honoured: bool = True
) -> Cutout:
    """Write the cutout of a picture to ``destination`` as a PNG. Blocks for up to two seconds.

    The file appears whole or not at all; a crash leaves at most a ``.part`` file beside it. The service's treatment of
    EXIF orientation is not on record, so ``is_exif_honoured`` may be False: then pixels stay as they are stored.

    Raises:
        UnknownForegroundError: Nothing stands out from the background.
        OSError: The source is no readable picture, or the destination cannot be written.
    """
    picture = _open(source, is_exif_honoured=is_exif_honoured)
    region = parameters.roi.pixels_in(picture.width, picture.height)
    result = compose(picture, _find_foreground(picture, region, engine), parameters)
    _write(result, destination)
    return Cutout(result.width, result.height, parameters.foreground_type)


def _open(source: Path, *, is_exif_honoured: bool) -> Image.Image:
    """Return the picture as opaque RGB; transparent parts become white."""
    try:
        with Image.open(source) as stored:
            stored.load()
            picture = ImageOps.exif_transpose(stored) if is_exif_honoured else stored.copy()
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise OSError(f"{source.name} cannot be read as a picture: {error}") from error
    if picture.mode.startswith("I"):
        picture = picture.point(lambda level: level / _MAX_16_BIT_GREY_PER_8_BIT).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, _WHITE), picture)
    return picture.convert("RGB")


def _find_foreground(picture: Image.Image, region: Box, engine: Engine) -> Image.Image:
    if region.width <= 0 or region.height <= 0:
        raise UnknownForegroundError("The region of interest lies outside of the picture.")
    if engine is Engine.BORDER:
        return border.find_foreground(picture, region)
    from cutoutd.sandbox.engine import grabcut  # noqa: PLC0415 - OpenCV takes 0.2 s to import

    return grabcut.find_foreground(picture, region)


def _write(result: Image.Image, destination: Path) -> None:
    part = destination.with_name(f"{destination.name}.{uuid.uuid4().hex}.part")
    try:
        result.save(part, "PNG", compress_level=_COMPRESS_LEVEL)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
