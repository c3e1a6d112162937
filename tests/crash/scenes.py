"""Shops in which one run meets every kind of step, with as few photos as that takes."""

import io
import random
from itertools import count
from pathlib import Path
from typing import ClassVar

from PIL import ExifTags, Image, ImageDraw

from crash.crash_site import CrashSite

#: Above this a photo is rejected.
_MAX_SIZE = "20 kB"
_TOO_MUCH = 30_000

_serial = count(1)


def picture(*, orientation: int = 1, filling_bytes: int = 0) -> bytes:
    """A JPEG whose subject has a colour of its own, unlike that of any other."""
    number = next(_serial)
    colour = random.Random(number).sample(range(16, 176), 3)  # noqa: S311  a picture, not a secret
    image = Image.new("RGB", (160, 120), (240, 240, 236))
    ImageDraw.Draw(image).ellipse((20, 15, 80, 60), fill=(colour[0], colour[1], colour[2]))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=f"{number}".encode() + bytes(filling_bytes))
    return out.getvalue()


def put(file: Path, content: bytes) -> None:
    """Write a photo, folders included."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def configure(ward: CrashSite) -> None:
    """One photo at a time where money is spent. The studio's cutouts carry a text, and its photos go to the archive."""
    place = ward.place
    shop = {"name": "shop", "input": str(place.input)}
    studio = {"name": "studio", "input": str(ward.studio), "provenance": "png_text"}
    ward.studio.mkdir(exist_ok=True)
    place.configure(
        folder_defaults={"output": str(place.output), "max_size": _MAX_SIZE},
        folders=[shop, {**studio, "on_success": "move", "archive": str(ward.archive)}],
        # Whether a look meets a photo finished must not depend on how fast a daemon started: its points would, too.
        watch={"rescan_interval": "1s", "stability_delay": "0s"},
        uploadcare={"remote_cleanup": "delete"},
        concurrency={"uploads": 1, "downloads": 1},
    )


class Scene:
    """What lies in a shop before a run, and what is to come of it."""

    published: ClassVar[frozenset[str]]
    rejected: ClassVar[frozenset[str]]
    outputs: ClassVar[frozenset[str]]
    archived: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def set_up(cls, ward: CrashSite) -> None:
        """Make it so, whatever was there; once for each run."""
        raise NotImplementedError


class FirstDay(Scene):
    """Nothing is there yet but one photo, which is rejected."""

    published = frozenset()
    rejected = frozenset({"broken.jpg"})
    outputs = frozenset({"broken.jpg.failed.txt"})

    @classmethod
    def set_up(cls, ward: CrashSite) -> None:
        """As the class says."""
        ward.clear()
        put(ward.place.input / "broken.jpg", picture(filling_bytes=_TOO_MUCH))


class BusyDay(Scene):
    """A shop that has worked before.

    A photo that was published comes rewritten into the studio, lying on its side (upright copy, an own cutout replaced,
    a second file of its name in the archive); one that was
    rejected comes again as a copy of a new one (its note goes away, reuse); the new one lies in a new folder; one is
    rejected.
    """

    published = frozenset({"again.jpg", "mended.jpg", "new/fresh.jpg"})
    rejected = frozenset({"broken.jpg"})
    outputs = frozenset({"again.png", "mended.png", "new/fresh.png", "broken.jpg.failed.txt"})
    archived = frozenset({"again.jpg", "again.2.jpg"})

    @classmethod
    def set_up(cls, ward: CrashSite) -> None:
        """As the class says; the day before is worked through once, and kept."""
        if not ward.is_saved:
            cls._work_the_day_before(ward)
        ward.clear(is_restored=True)
        fresh = picture()
        put(ward.studio / "again.jpg", picture(orientation=6))
        put(ward.place.input / "mended.jpg", fresh)
        put(ward.place.input / "new/fresh.jpg", fresh)
        put(ward.place.input / "broken.jpg", picture(filling_bytes=_TOO_MUCH))

    @staticmethod
    def _work_the_day_before(ward: CrashSite) -> None:
        ward.clear()
        put(ward.studio / "again.jpg", picture())
        put(ward.place.input / "mended.jpg", picture(filling_bytes=_TOO_MUCH))
        daemon = ward.start("--once")
        if daemon.wait() != 1:
            raise RuntimeError(f"the day before went wrong:\n{daemon.output}")
        ward.save()
