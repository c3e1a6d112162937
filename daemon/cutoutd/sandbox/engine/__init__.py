"""The sandbox's picture engine: it cuts the subject out of a photo, as ``remove_bg`` would.

All work on pixels belongs here, and nothing about HTTP.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from cutoutd.sandbox.engine import border
from cutoutd.sandbox.engine.composition import UnknownForegroundError, compose
from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.parameters import BadParameterError, Parameters, parse_parameters
from cutoutd.sandbox.engine.pictures import (
    UnreadableSourceError,
    open_picture,
    orientation_of,
    read_picture,
    write_cutout,
)

__all__ = [
    "BadParameterError",
    "Cutout",
    "Engine",
    "ModelEngine",
    "Parameters",
    "UnknownForegroundError",
    "UnreadableSourceError",
    "cut_out",
    "open_picture",
    "orientation_of",
    "parse_parameters",
]


class Engine(StrEnum):
    """The way to find the foreground without a model: carefully, or fast enough for load tests."""

    GRABCUT = "grabcut"
    BORDER = "border"


@dataclass(frozen=True, slots=True)
class ModelEngine:
    """The engine of a trained model, with its file."""

    file: Path

    def load(self) -> None:
        """Load the model now. Blocks for seconds. Raises ModelError if it cannot be used."""
        from cutoutd.sandbox.engine import onnx_model  # noqa: PLC0415 - its runtime is an extra of its own

        onnx_model.load(self.file)


@dataclass(frozen=True, slots=True)
class Cutout:
    """The size of a cutout in pixels, and its ``foreground_type``, which is empty unless it was asked for."""

    width: int
    height: int
    foreground_type: str


def cut_out(
    source: Path,
    destination: Path,
    parameters: Parameters,
    *,
    engine: Engine | ModelEngine,
    orientation: int | None = None,
) -> Cutout:
    """Write the cutout of a picture to ``destination`` as a PNG. Blocks for up to two seconds.

    The file appears whole or not at all; a crash leaves at most a ``.part`` file beside it. The EXIF orientation was
    read when the file came in; without one, pixels stay as they are stored.

    Raises:
        UnknownForegroundError: Nothing stands out from the background.
        UnreadableSourceError: The source is no readable picture.
        OSError: The destination cannot be written.
    """
    picture = read_picture(source, orientation)
    region = parameters.roi.pixels_in(picture.pixels.width, picture.pixels.height)
    result = compose(picture.pixels, _find_foreground(picture.pixels, region, engine), parameters)
    write_cutout(result, picture, destination)
    return Cutout(result.width, result.height, parameters.foreground_type)


def _find_foreground(picture: Image.Image, region: Box, engine: Engine | ModelEngine) -> Image.Image:
    if region.width <= 0 or region.height <= 0:
        raise UnknownForegroundError("The region of interest lies outside of the picture.")
    if isinstance(engine, ModelEngine):
        from cutoutd.sandbox.engine import onnx_model  # noqa: PLC0415 - its runtime is an extra of its own

        return onnx_model.find_foreground(picture, region, engine.file)
    if engine is Engine.BORDER:
        return border.find_foreground(picture, region)
    from cutoutd.sandbox.engine import grabcut  # noqa: PLC0415 - OpenCV takes 0.2 s to import

    return grabcut.find_foreground(picture, region)
