"""What a fault does to one removal.

Owns the ways a removal can go wrong; it must not decide when (``faults`` does) nor run removals (``removals`` does).
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cutoutd.sandbox.storage.rows import RemovalError

Spoil = Callable[[Path, Path], None]  # from the rendering, make what is handed out instead


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalEffect:
    """How one removal deviates; the default is not at all.

    Attributes:
        error: It ends like this instead of with a result.
        spoil: Makes the result's file from the rendered one. Blocking.
        is_exif_honoured: Whether the engine turns the source upright first.
        is_result_expired: The result is gone as soon as it is announced.
        is_endless: It stays in progress, and its file locked.
    """

    error: RemovalError | None = None
    spoil: Spoil | None = None
    is_exif_honoured: bool = True
    is_result_expired: bool = False
    is_endless: bool = False


def fail(code: str = "unknown_foreground", title: str = "Could not identify foreground in image.") -> RemovalEffect:
    """The removal ends in ``error`` with details."""
    return RemovalEffect(error=RemovalError(code=code, title=title))


def write_jpeg(rendering: Path, result: Path) -> None:
    """Hand out a JPEG."""
    with Image.open(rendering) as picture:
        picture.convert("RGB").save(result, "JPEG")


def write_text(_rendering: Path, result: Path) -> None:
    """Hand out something that is no picture at all."""
    result.write_text("this is not a PNG")


def write_opaque(rendering: Path, result: Path) -> None:
    """Hand out a PNG without transparency."""
    with Image.open(rendering) as picture:
        picture.convert("RGB").save(result, "PNG")


def write_smaller(rendering: Path, result: Path) -> None:
    """Hand out half the width and height."""
    with Image.open(rendering) as picture:
        picture.reduce(2).save(result, "PNG")


def write_truncated(rendering: Path, result: Path) -> None:
    """Hand out the first half of the file, as if it were all."""
    shutil.copyfile(rendering, result)
    with result.open("r+b") as stream:
        stream.truncate(rendering.stat().st_size // 2)
