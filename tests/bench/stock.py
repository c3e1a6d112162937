"""Photos and the cutouts that the sandbox will hand out for them, made before any clock starts.

One picture is drawn and cut out once, by the sandbox's own engine; every photo is that picture with a number in its
metadata, and so is its cutout. All differ in their bytes, so a photo that got another one's cutout is found out, and
none costs the second that rendering twelve megapixels takes.
"""

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageColor, ImageDraw

from cutoutd.sandbox.engine import Cutout, Engine, cut_out, parse_parameters
from cutoutd.sandbox.storage.blobs import BlobStore
from cutoutd.sandbox.storage.rendered_results import RenderRequest

#: About 3 MB as a JPEG; its cutout has about 4 MB as a PNG. Noise does not compress, as a camera's does not.
LARGE = (4000, 3000)
SMALL = (160, 120)

_GRAIN = 6
_QUALITY = 90
_PNG_END_BYTES = 12
_JPEG_START_BYTES = 2


@dataclass(frozen=True, slots=True)
class Numbered:
    """A photo, and the one right cutout for it."""

    name: str
    photo: Path
    photo_sha256: str
    cutout: Path
    cutout_sha256: str

    @property
    def cutout_name(self) -> str:
        """What it is called in the output tree."""
        return f"{Path(self.name).stem}.png"


@dataclass(frozen=True, slots=True)
class Stock:
    """So many photos in a folder, with their cutouts."""

    items: tuple[Numbered, ...]
    cutout: Cutout

    def prepare(self, sandbox_state: Path) -> None:
        """Put the cutouts where the sandbox keeps what it has rendered; before the sandbox is started."""
        blobs = BlobStore(sandbox_state)
        facts = json.dumps(asdict(self.cutout))
        for item in self.items:
            kept = blobs.results / RenderRequest(item.photo, item.photo_sha256, parse_parameters({})).key
            kept.with_suffix(".png").hardlink_to(item.cutout)
            kept.with_suffix(".json").write_text(facts)

    @property
    def cutout_bytes(self) -> int:
        """The length of every cutout: the numbers in them are equally long."""
        return self.items[0].cutout.stat().st_size

    @property
    def sizes(self) -> str:
        """In words."""
        photo, cutout = (file.stat().st_size / 1e6 for file in (self.items[0].photo, self.items[0].cutout))
        return f"{len(self.items)} JPEGs of {photo:.2g} MB, PNGs of {cutout:.2g} MB"


def make_stock(folder: Path, number: int, size: tuple[int, int] = LARGE) -> Stock:
    """Make ``number`` photos and cutouts in a new folder."""
    folder.mkdir(parents=True)
    source, rendered = folder / "source.jpg", folder / "source.png"
    source.write_bytes(_drawn(size))
    cutout = cut_out(source, rendered, parse_parameters({}), engine=Engine.BORDER)
    items = tuple(_numbered(folder, source.read_bytes(), rendered.read_bytes(), number))
    return Stock(items, cutout)


def make_varied_stock(folder: Path, number: int, size: tuple[int, int]) -> Stock:
    """Make photos of which no two look alike, as it matters where a cutout is known again by its pixels."""
    folder.mkdir(parents=True)
    items, cutout = [], None
    for index in range(number):
        photo, rendered = folder / f"{index:06}.jpg", folder / f"{index:06}.png"
        colour = ImageColor.getrgb(f"hsl({360 * index // number}, 80%, {30 + index % 3 * 10}%)")
        photo.write_bytes(_drawn(size, colour))
        cutout = cut_out(photo, rendered, parse_parameters({}), engine=Engine.BORDER)
        hashes = _sha256(photo.read_bytes()), _sha256(rendered.read_bytes())
        items.append(Numbered(photo.name, photo, hashes[0], rendered, hashes[1]))
    assert cutout is not None
    return Stock(tuple(items), cutout)


def _numbered(folder: Path, jpeg: bytes, png: bytes, number: int) -> Iterator[Numbered]:
    for index in range(number):
        name, text = f"{index:06}.jpg", f"{index:06}".encode()
        # An unknown segment, because a comment would leave the same picture.
        segment = b"\xff\xea" + struct.pack(">H", len(text) + 2) + text
        photo = jpeg[:_JPEG_START_BYTES] + segment + jpeg[_JPEG_START_BYTES:]
        chunk = b"tEXtComment\0" + text
        cutout = png[:-_PNG_END_BYTES] + struct.pack(">I", len(chunk) - 4) + chunk
        cutout += struct.pack(">I", zlib.crc32(chunk)) + png[-_PNG_END_BYTES:]
        paths = folder / name, folder / f"{index:06}.png"
        for path, content in zip(paths, (photo, cutout), strict=True):
            path.write_bytes(content)
        yield Numbered(name, paths[0], _sha256(photo), paths[1], _sha256(cutout))


def _drawn(size: tuple[int, int], colour: tuple[int, ...] = (160, 60, 40)) -> bytes:
    width, height = size
    grain = Image.merge("RGB", [Image.effect_noise(size, _GRAIN)] * 3)
    ground = Image.new("RGB", size, (236, 236, 234))
    subject = Image.new("RGB", size, colour)
    where = Image.new("L", size, 0)
    ImageDraw.Draw(where).ellipse((width * 7 // 26, height * 5 // 26, width * 19 // 26, height * 21 // 26), fill=255)
    picture = ImageChops.add(Image.composite(subject, ground, where), grain, 1, -128)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
