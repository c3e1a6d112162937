"""The effects of faults on one removal."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cutoutd.sandbox.storage.rows import RemovalError

Spoil = Callable[[Path, Path], None]  # makes the result file from the rendered cutout


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalEffect:
    """The deviations of one removal; by default there are none.

    Attributes:
        error: The error that it ends with, instead of a result.
        spoil: The function that makes the result file from the rendered cutout. Blocking.
        is_exif_honoured: True if the engine turns the source upright first.
        is_result_expired: True if the result is gone as soon as the removal is done.
        is_endless: True if it stays in progress, and its file locked.
    """

    error: RemovalError | None = None
    spoil: Spoil | None = None
    is_exif_honoured: bool = True
    is_result_expired: bool = False
    is_endless: bool = False


def fail(code: str = "unknown_foreground", title: str = "Could not identify foreground in image.") -> RemovalEffect:
    """Return the effect of a removal that ends in ``error`` with details."""
    return RemovalEffect(error=RemovalError(code=code, title=title))


def write_jpeg(rendering: Path, result: Path) -> None:
    """Write a JPEG."""
    with Image.open(rendering) as picture:
        picture.convert("RGB").save(result, "JPEG")


def write_text(_rendering: Path, result: Path) -> None:
    """Write a text, which is no picture at all."""
    result.write_text("this is not a PNG")


def write_opaque(rendering: Path, result: Path) -> None:
    """Write a PNG without transparency."""
    with Image.open(rendering) as picture:
        picture.convert("RGB").save(result, "PNG")


def write_smaller(rendering: Path, result: Path) -> None:
    """Write a PNG of half the width and height."""
    with Image.open(rendering) as picture:
        picture.reduce(2).save(result, "PNG")


def write_truncated(rendering: Path, result: Path) -> None:
    """Write the first half of the file."""
    shutil.copyfile(rendering, result)
    with result.open("r+b") as stream:
        stream.truncate(rendering.stat().st_size // 2)
