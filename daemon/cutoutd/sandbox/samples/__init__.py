"""Sample product photos, drawn in code: what ``cutoutd try`` works on when it is given no folder.

Owns six photos and the true mask of each, against which the sandbox's engine is measured. Deterministic, and Pillow
only. The photos go to a folder as a small tree with the kind of names that people give.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cutoutd.sandbox.samples.backdrop import Studio
from cutoutd.sandbox.samples.canvas import Easel
from cutoutd.sandbox.samples.colours import Colour
from cutoutd.sandbox.samples.round_products import paint_bottle, paint_lamp, paint_mug, paint_vase
from cutoutd.sandbox.samples.soft_products import paint_handbag, paint_sneaker

_JPEG_QUALITY = 92
_EXIF_ORIENTATION = 0x0112
_UPRIGHT, _TURNED_LEFT = 1, 6
"""EXIF orientations; 6 is stored a quarter turn to the left, as from a phone held upright."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A product photo: where it lies in the tree, its size in pixels, what is painted and on which paper."""

    name: str
    size: tuple[int, int]
    paint: Callable[[Easel], None]
    paper: Colour
    orientation: int = _UPRIGHT

    def draw(self) -> Image.Image:
        """The photo, upright."""
        return Studio(self.paper).photograph(self._product())

    def mask(self) -> Image.Image:
        """The true outline, grey: 255 is product. The shadow is none of it."""
        return self._product().getchannel("A")

    def _product(self) -> Image.Image:
        easel = Easel(*self.size)
        self.paint(easel)
        return easel.finished()


SAMPLES = (
    Sample("kitchen/blue mug.jpg", (1200, 1200), paint_mug, paper=(222, 212, 198)),
    Sample("kitchen/Öl & Essig/olive oil.jpg", (1000, 1500), paint_bottle, paper=(222, 214, 228)),
    Sample("décor/Vase für Blumen.png", (1100, 1500), paint_vase, paper=(214, 222, 226)),
    Sample("shoes & bags/sneaker (left).jpg", (1500, 1100), paint_sneaker, paper=(206, 218, 228)),
    Sample("shoes & bags/handbag.png", (1300, 1300), paint_handbag, paper=(232, 214, 206)),
    Sample("🌟 new/lamp.jpg", (1200, 1500), paint_lamp, paper=(196, 210, 204), orientation=_TURNED_LEFT),
)


def draw_samples(folder: Path) -> tuple[Path, ...]:
    """Write every sample below ``folder``, which is made if need be; returns the files in the order of `SAMPLES`.

    A crash leaves some of them, the last perhaps half; drawing again writes the same bytes over them.

    Raises:
        OSError: The folder cannot be written.
    """
    return tuple(_write(sample, folder / sample.name) for sample in SAMPLES)


def _write(sample: Sample, destination: Path) -> Path:
    destination.parent.mkdir(parents=True, exist_ok=True)
    photo = sample.draw()
    if destination.suffix == ".png":
        photo.save(destination, compress_level=1)
        return destination
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = sample.orientation
    if sample.orientation == _TURNED_LEFT:
        photo = photo.transpose(Image.Transpose.ROTATE_90)
    photo.save(destination, quality=_JPEG_QUALITY, exif=exif)
    return destination
