"""A photo and its cutout as pages show them side by side: addresses, sizes and names. Values only."""

from dataclasses import dataclass

from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.images.originals import Side
from cutoutd.images.thumbnail_cache import ThumbnailSize


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Before and after."""

    number: int
    name: str  #: the file's, as it can be shown
    place: str  #: the folders above it, as they can be shown
    folder: str
    at_s: float  #: Unix time of the last fact
    width: int  #: of the photo, upright; a guess where nobody knows
    height: int

    photo: str  #: what stands in the address of its pictures; empty: there is none
    cutout: str

    def picture(self, side: str, size: str) -> str:
        """Where a small picture is."""
        version = self.cutout if side == Side.CUTOUT else self.photo
        return f"/photos/{self.number}/{side}/{size}?v={version}"

    def length(self, size: str) -> tuple[int, int]:
        """Width and height of a picture of the photo in this size; a page reserves the room before it comes."""
        most = ThumbnailSize[size.upper()].value
        scale = min(1.0, most / max(self.width, self.height))
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


_GUESSED = (4, 3)


def before_after(photo: Photo) -> BeforeAfter:
    """What a page shows of a photo."""
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
    """What stands in a small picture's address for what it holds."""
    return ((photo.cutout.sha256 if side is Side.CUTOUT else photo.picture.sha256) or "")[:12]
