"""The six product photos that ``cutoutd try`` works on, each with the true outline of its product.

The code that cuts them out belongs in ``engine``.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from PIL import Image


@dataclass(frozen=True, slots=True)
class Sample:
    """A product photo: its path in the tree of samples, and its files in the package."""

    name: str
    stem: str

    @property
    def photo(self) -> Path:
        """The JPEG as a camera stores it; the lamp lies on its side, as its EXIF orientation says."""
        return Path(__file__).with_name(f"{self.stem}.jpg")

    @property
    def mask(self) -> Path:
        """The true outline of the upright photo, a grey PNG: product is 255; the shadow is background."""
        return Path(__file__).with_name(f"{self.stem}_mask.png")


SAMPLES = (
    Sample("kitchen/blue mug.jpg", "mug"),
    Sample("kitchen/Öl & Essig/olive oil.jpg", "oil_bottle"),
    Sample("décor/Vase für Blumen.png", "vase"),
    Sample("shoes & bags/sneaker (left).jpg", "sneaker"),
    Sample("shoes & bags/handbag.png", "handbag"),
    Sample("🌟 new/lamp.jpg", "lamp"),
)


def copy_samples(folder: Path) -> tuple[Path, ...]:
    """Copy every sample below ``folder``, which is made if it is missing, and return the files in order.

    A PNG is made of the JPEG, because a PNG in the package would be ten times larger. A crash leaves some of the files,
    the last one perhaps half; the next copy writes the same bytes over them.

    Raises:
        OSError: The folder cannot be written.
    """
    return tuple(_copy(sample.photo, folder / sample.name) for sample in SAMPLES)


def _copy(photo: Path, destination: Path) -> Path:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.suffix != ".png":
        return shutil.copyfile(photo, destination)
    with Image.open(photo) as picture:
        picture.save(destination, compress_level=1)
    return destination
