"""One opinion on orientation: copies, previews, the contact sheet and the sandbox agree on each case."""

import asyncio
import hashlib
import io
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from cutoutd.cli.demo.contact_sheet import photo_tile
from cutoutd.core.photo import Photo, State
from cutoutd.images.comparison import reference_image
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.copies.shrink import make_smaller
from cutoutd.images.originals import Side
from cutoutd.images.thumbnail_cache import ThumbnailCache, ThumbnailSize
from cutoutd.images.thumbnails import Thumbnails
from cutoutd.images.validation import validate
from cutoutd.sandbox.engine import Engine, Parameters, cut_out, open_picture, orientation_of
from support.folders import folder_in
from support.images.turned_photos import TURNED_PHOTOS, TurnedPhoto
from support.ledgers import identity_of, with_columns

PLENTY = 10_000_000

each = pytest.mark.parametrize("photo", TURNED_PHOTOS, ids=str)
each_disputed = pytest.mark.parametrize("photo", [one for one in TURNED_PHOTOS if one.is_disputed], ids=str)


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    rgb = image.convert("RGB")
    spots = [(x * rgb.width // 4, y * rgb.height // 4) for y in (1, 3) for x in (1, 3)]
    return [tuple(255 * (value > 127) for value in rgb.getpixel(spot)) for spot in spots]


def upright(photo: TurnedPhoto) -> list[tuple[int, ...]]:
    red, green, blue, white = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    return [blue, red, white, green] if photo.orientation == 6 else [red, green, blue, white]


@each
def test_the_validation_reads_the_orientation_and_the_dispute(photo: TurnedPhoto) -> None:
    """What is stored with an accepted photo."""
    picture = validate(photo.content, photo.name)
    assert (picture.orientation, picture.is_disputed) == (photo.orientation, photo.is_disputed)


@each
def test_copies_show_it_to_every_reader(photo: TurnedPhoto) -> None:
    """Whatever a decoder believes, it finds the same picture in the copy: no metadata is left to believe in."""
    picture = validate(photo.content, photo.name)
    for copy in (make_upright(photo.content, picture, PLENTY), make_smaller(photo.content, picture, PLENTY)):
        believed = ImageOps.exif_transpose(Image.open(io.BytesIO(copy.content)))
        plain = Image.open(io.BytesIO(copy.content))
        assert plain.size == believed.size == photo.size
        assert corners(plain) == corners(believed) == upright(photo)
        again = validate(copy.content, "a.jpg")
        assert (again.orientation, again.is_disputed) == (1, False)


@each
def test_people_see_it_upright(photo: TurnedPhoto, tmp_path: Path) -> None:
    """The page's preview and the contact sheet show the picture as it is sent."""
    folder = folder_in(tmp_path)
    (folder.input / "a.jpg").write_bytes(photo.content)
    who = replace(identity_of(folder.input, "a.jpg"), input=str(folder.input))
    stored = with_columns(
        Photo(id=7, identity=who, state=State.ACCEPTED, state_at_s=0), sha256=hashlib.sha256(photo.content).hexdigest()
    )
    previews = Thumbnails(ThumbnailCache(tmp_path), lambda: [folder])
    preview = asyncio.run(previews.thumbnail(stored, Side.PHOTO, ThumbnailSize.SMALL))
    assert isinstance(preview, bytes)
    shown = Image.open(io.BytesIO(preview))
    assert (shown.size, corners(shown)) == (photo.size, upright(photo))
    tile = photo_tile(folder.input / "a.jpg")
    width, height = photo.size
    left, top = (tile.width - width) // 2, (tile.height - height) // 2
    assert corners(tile.crop((left, top, left + width, top + height))) == upright(photo)


@each
def test_a_lost_result_is_compared_with_the_picture_upright(photo: TurnedPhoto) -> None:
    """A comparison of a lying picture with its upright cutout would never agree."""
    look = reference_image(photo.content)
    assert look is not None
    assert ((look.width, look.height), corners(look.picture)) == (photo.size, upright(photo))


@each
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_the_sandbox_shares_it(photo: TurnedPhoto, tmp_path: Path) -> None:
    """The sandbox reads photos with code of its own, and comes to the same."""
    source = tmp_path / "source"
    source.write_bytes(photo.content)
    with open_picture(source) as opened:
        orientation = orientation_of(opened, source)
    cutout = cut_out(source, tmp_path / "cutout.png", Parameters(), engine=Engine.BORDER, orientation=orientation)
    assert (cutout.width, cutout.height) == photo.size


@each_disputed
def test_a_disputed_upright_photo_loses_its_metadata_alone(photo: TurnedPhoto) -> None:
    """Pixel for pixel the same, because nothing is compressed anew."""
    if photo.orientation != 1:
        return
    copy = make_upright(photo.content, validate(photo.content, photo.name), PLENTY)
    assert not copy.is_lossier
    assert Image.open(io.BytesIO(copy.content)).tobytes() == Image.open(io.BytesIO(photo.content)).tobytes()
    assert len(copy.content) < len(photo.content)


@each
def test_exiftool_finds_none_in_the_copy(photo: TurnedPhoto, tmp_path: Path) -> None:
    """A reader that nobody here wrote, and that knows every place, finds no orientation."""
    (tmp_path / "copy").write_bytes(make_upright(photo.content, validate(photo.content, photo.name), PLENTY).content)
    try:
        found = subprocess.run(
            ["exiftool", "-G1", "-Orientation", str(tmp_path / "copy")], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("exiftool is not installed")
    assert found.stdout == ""
