"""A photo's files for looking at: found by what the ledger knows, and shown only while they are what it knows."""

import asyncio
import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.config.settings import FolderSettings
from cutoutd.core.photo import Photo, SourceOutcome, SourceResult, State
from cutoutd.images.originals import Absence, Original, Side
from cutoutd.images.thumbnail_cache import CACHE_NAME, ThumbnailCache, ThumbnailSize
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.ledger.schema.rows import source_values
from support.folders import folder_in
from support.images.drawn_photos import jpeg, lying_jpeg, png
from support.ledgers import identity_of, with_columns

PATH = "sub/a.jpg"


@dataclass(frozen=True)
class Home:
    """A published photo with both of its files."""

    place: Path
    folder: FolderSettings
    photo: Photo

    @property
    def source(self) -> Path:
        return self.folder.input / self.photo.identity.path

    @property
    def cutout(self) -> Path:
        return self.folder.output / "sub" / "a.png"

    def previews(self) -> Thumbnails:
        return Thumbnails(ThumbnailCache(self.place), lambda: [self.folder])

    def original(self, side: Side, photo: Photo | None = None) -> bytes | str:
        """The file's content, or why it is not shown."""
        found = asyncio.run(self.previews().original(photo or self.photo, side))
        if isinstance(found, Absence):
            return found.sentence
        with found.content:
            content = found.content.read()
        assert len(content) == found.size_bytes
        return content

    def thumbnail(
        self, side: Side, size: ThumbnailSize = ThumbnailSize.SMALL, photo: Photo | None = None
    ) -> Image.Image | str:
        """The small picture, or why there is none."""
        found = asyncio.run(self.previews().thumbnail(photo or self.photo, side, size))
        return found.sentence if isinstance(found, Absence) else Image.open(io.BytesIO(found))


def cutout_png() -> bytes:
    picture = Image.new("RGBA", (1200, 900))
    picture.paste((200, 10, 10, 255), (300, 200, 900, 700))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def home_in(place: Path, content: bytes, **folder: object) -> Home:
    place.mkdir()
    (place / "archive").mkdir()
    configured = folder_in(place, **folder)
    source = configured.input / PATH
    source.parent.mkdir()
    source.write_bytes(content)
    cutout = configured.output / "sub" / "a.png"
    cutout.parent.mkdir()
    cutout.write_bytes(cutout_png())
    who = replace(identity_of(configured.input, PATH), input=str(configured.input))
    photo = with_columns(
        Photo(id=7, identity=who, state=State.PUBLISHED, state_at_s=0),
        output=str(configured.output),
        target="sub/a.png",
        sha256=hashlib.sha256(content).hexdigest(),
        cutout_sha256=hashlib.sha256(cutout_png()).hexdigest(),
    )
    return Home(place, configured, photo)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_in(tmp_path / "home", jpeg())


def test_both_files_are_opened(home: Home) -> None:
    """As they are on the disk, byte by byte."""
    assert home.original(Side.PHOTO) == home.source.read_bytes()
    assert home.original(Side.CUTOUT) == home.cutout.read_bytes()


def test_a_photo_that_was_never_read_has_nothing_to_show(home: Home) -> None:
    """The content of the file is unknown, so it is not opened."""
    unread = with_columns(home.photo, sha256=None, cutout_sha256=None, output=None, target=None)
    assert home.original(Side.PHOTO, unread) == "The photo could not be read."
    assert home.thumbnail(Side.CUTOUT, photo=unread) == "There is no cutout yet."


def remove(file: Path, _secret: Path) -> None:
    file.unlink()


def remove_folder(file: Path, _secret: Path) -> None:
    file.unlink()
    file.parent.rmdir()


def put_link(file: Path, secret: Path) -> None:
    file.unlink()
    file.symlink_to(secret)


def put_link_on_the_way(file: Path, secret: Path) -> None:
    (secret.parent / file.name).write_bytes(file.read_bytes())
    file.unlink()
    file.parent.rmdir()
    file.parent.symlink_to(secret.parent)


def put_pipe(file: Path, _secret: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def put_secret(file: Path, secret: Path) -> None:
    file.write_bytes(secret.read_bytes())


def put_other(file: Path, _secret: Path) -> None:
    file.write_bytes(png())


def rewrite_keeping_the_time(file: Path, _secret: Path) -> None:
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    "change",
    [
        remove, remove_folder, put_link, put_link_on_the_way, put_pipe, put_secret, put_other, rewrite_keeping_the_time,
    ],
)  # fmt: skip
def test_another_file_in_its_place_is_not_shown(home: Home, side: Side, change: Callable[[Path, Path], None]) -> None:
    """Gone, swapped for a link, a pipe or another file, or rewritten: it is none that the ledger knows."""
    secret = home.place / "elsewhere" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("the key")
    change(home.source if side is Side.PHOTO else home.cutout, secret)
    assert home.original(side) in {"The file was changed since.", f"The {side} is no longer where it was."}
    assert isinstance(home.thumbnail(side), str)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "sub/../../secret.txt", "sub//a.jpg", ""])
def test_a_ledger_full_of_lies_leads_nowhere(home: Home, side: Side, path: str) -> None:
    """Even paths from the ledger are only names below their root."""
    (home.place / "secret.txt").write_bytes(home.source.read_bytes())
    lying = with_columns(replace(home.photo, identity=replace(home.photo.identity, path=path)), target=path)
    assert home.original(side, lying) == f"The {side} is no longer where it was."


def test_a_chmod_makes_no_other_picture(home: Home) -> None:
    """Nor does a copy that was put back: what it holds decides."""
    home.source.chmod(0o640)
    assert isinstance(home.original(Side.PHOTO), bytes)
    content = home.source.read_bytes()
    home.source.unlink()
    home.source.write_bytes(content)
    assert home.original(Side.PHOTO) == content


def test_a_source_in_the_archive_is_found_there(tmp_path: Path) -> None:
    """A source that cutoutd moved is still shown; a file that the user put into the archive is not."""
    home = home_in(tmp_path / "home", jpeg(), on_success="move", archive=tmp_path / "home" / "archive")
    place = home.place / "archive" / "a.2.jpg"
    content = home.source.read_bytes()
    home.source.rename(place)
    moved = with_columns(home.photo, **source_values(SourceOutcome(SourceResult.MOVED, "", str(place))))
    assert home.original(Side.PHOTO, moved) == content
    place.write_bytes(png())
    assert home.original(Side.PHOTO, moved) == "The file was changed since."


@pytest.mark.parametrize(
    "outcome",
    [
        SourceOutcome(SourceResult.DELETED, "the source was deleted"),
        SourceOutcome(SourceResult.MOVED, "the source was moved to /etc/passwd", "/etc/passwd"),
        SourceOutcome(SourceResult.TRASHED, "the source was moved to the trash, /x"),
    ],
    ids=lambda outcome: outcome.result,
)
def test_a_source_elsewhere_is_told(tmp_path: Path, outcome: SourceOutcome) -> None:
    """Deleted, in a trash, or moved out of any archive that is configured."""
    home = home_in(tmp_path / "home", jpeg(), on_success="move", archive=tmp_path / "home" / "archive")
    photo = with_columns(home.photo, **source_values(outcome))
    assert home.original(Side.PHOTO, photo) == f"The{outcome.sentence[3:]}."


def test_previews_are_small_and_have_what_the_picture_has(home: Home) -> None:
    """At most so many pixels long, never enlarged; the cutout is as transparent as it was."""
    small = home.thumbnail(Side.CUTOUT)
    assert isinstance(small, Image.Image)
    assert (small.format, small.mode, small.size) == ("WEBP", "RGBA", (480, 360))
    assert small.getchannel("A").getpixel((0, 0)) == 0
    assert small.getchannel("A").getpixel((240, 180)) == 255
    large = home.thumbnail(Side.CUTOUT, ThumbnailSize.LARGE)
    assert isinstance(large, Image.Image)
    assert large.size == (1200, 900)
    photo = home.thumbnail(Side.PHOTO)
    assert isinstance(photo, Image.Image)
    assert (photo.size, photo.mode) == ((160, 120), "RGB")


def test_previews_are_upright(tmp_path: Path) -> None:
    """A photo stored sideways is shown as its camera meant it, and no EXIF turns it again."""
    shown = home_in(tmp_path / "home", lying_jpeg()).thumbnail(Side.PHOTO)
    assert isinstance(shown, Image.Image)
    assert shown.size == (120, 160)
    assert "exif" not in shown.info
    corner, subject = (shown.convert("RGB").getpixel(place) for place in ((110, 150), (37, 50)))
    assert corner != subject


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_previews_of_every_kind_of_jpeg(tmp_path: Path, mode: str) -> None:
    """Grey ones and those from print as well."""
    out = io.BytesIO()
    Image.new(mode, (2000, 1000)).save(out, "JPEG")
    shown = home_in(tmp_path / "home", out.getvalue()).thumbnail(Side.PHOTO)
    assert isinstance(shown, Image.Image)
    assert shown.size == (480, 240)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "I;16", "RGBA"])
def test_previews_of_every_kind_of_png(tmp_path: Path, mode: str) -> None:
    """Bitmaps, palettes, grey with transparency, sixteen bits."""
    out = io.BytesIO()
    Image.new(mode, (1000, 2000)).save(out, "PNG")
    shown = home_in(tmp_path / "home", out.getvalue()).thumbnail(Side.PHOTO)
    assert isinstance(shown, Image.Image)
    assert shown.size == (240, 480)


def test_a_picture_that_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    """Half a photo, and one that would not fit into memory."""
    whole = jpeg()
    assert "cannot be shown" in str(home_in(tmp_path / "half", whole[: len(whole) // 3]).thumbnail(Side.PHOTO))
    out = io.BytesIO()
    Image.new("1", (60_000, 1_200)).save(out, "PNG")
    assert "more than 60 megapixels" in str(home_in(tmp_path / "vast", out.getvalue()).thumbnail(Side.PHOTO))


def test_a_preview_is_drawn_once(home: Home) -> None:
    """For many requests at once, and even if the file is gone by then; other users cannot read it."""
    previews = home.previews()

    async def ask() -> list[bytes | Absence]:
        return list(
            await asyncio.gather(*(previews.thumbnail(home.photo, Side.CUTOUT, ThumbnailSize.SMALL) for _ in range(20)))
        )

    found = asyncio.run(ask())
    assert len(set(map(id, found))) <= 20
    assert len({bytes(one) for one in found if isinstance(one, bytes)}) == 1
    cache = home.place / CACHE_NAME
    (kept,) = cache.iterdir()
    first = kept.stat()
    home.cutout.unlink()
    assert isinstance(home.thumbnail(Side.CUTOUT), Image.Image)
    assert kept.stat().st_ino == first.st_ino
    assert cache.stat().st_mode & 0o777 == 0o700


def test_originals_are_held_open(home: Home) -> None:
    """An open file stays what it was, whatever happens to its name meanwhile."""
    found = asyncio.run(home.previews().original(home.photo, Side.CUTOUT))
    assert isinstance(found, Original)
    home.cutout.unlink()
    with found.content:
        assert found.content.read() == cutout_png()
