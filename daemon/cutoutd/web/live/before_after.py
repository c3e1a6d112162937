"""The values with which pages show a photo and its cutout side by side. Pure."""

from dataclasses import dataclass

from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Side, has_side, key_of
from cutoutd.images.thumbnail_cache import ThumbnailSize


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The addresses, sizes and names of a photo and its cutout."""

    number: int
    name: str  #: the file's name, printable
    place: str  #: the folders above the file, printable
    folder: str
    at_s: float  #: Unix time of the last fact
    width: int  #: of the photo, upright; guessed if unknown
    height: int

    photo: str  #: the version in its pictures' addresses; empty: there is no picture
    cutout: str

    def picture(self, side: str, size: str) -> str:
        """Return the address of a small picture."""
        version = self.cutout if side == Side.CUTOUT else self.photo
        return f"/photos/{self.number}/{side}/{size}?v={version}"

    def dimensions(self, size: str) -> tuple[int, int]:
        """Return the width and height of a small picture, so that a page can reserve its room."""
        bound = ThumbnailSize[size.upper()].value
        scale = min(1.0, bound / max(self.width, self.height))
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


_GUESSED = (4, 3)


def before_after(photo: Photo) -> BeforeAfter:
    """Return the values of a photo."""
    place, _, name = printable(photo.identity.path).rpartition("/")
    width, height = (
        (photo.picture.width, photo.picture.height) if photo.picture.width and photo.picture.height else _GUESSED
    )
    return BeforeAfter(
        number=photo.id,
        name=name,
        place=place,
        folder=photo.identity.folder,
        at_s=photo.state_at_s,
        width=width,
        height=height,
        photo=version_of(photo, Side.PHOTO),
        cutout=version_of(photo, Side.CUTOUT),
    )


def version_of(photo: Photo, side: Side) -> str:
    """Return the part of a small picture's address that changes with its content."""
    return key_of(photo, side)[:12] if has_side(photo, side) else ""
