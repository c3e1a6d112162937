"""The meaning of a picture's colours: its ICC profile, and the chunks with which a PNG says the same.

The conversion of pixels belongs in ``copies.srgb``.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import ImageCms
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from cutoutd.images.structure.side_chunks import side_chunks

#: PNG third edition, 11.3.2, without iCCP. Each must stand before the palette and the pixels.
COLOUR_CHUNKS = frozenset({b"cHRM", b"cICP", b"gAMA", b"sRGB", b"mDCV", b"cLLI"})

_CICP_BYTES, _GAMA_BYTES, _CHRM_BYTES = 4, 4, 32
_SRGB_PRIMARIES = 1  #: H.273; also those of BT.709
_SRGB_TRANSFERS = frozenset({1, 6, 13, 14, 15})  #: curves as steep as that of sRGB
_CICP_NAMES = {12: "Display P3", 11: "DCI-P3", 9: "BT.2020"}
_SRGB_GAMMA = range(45_000, 46_000)  #: of 100,000; the PNG specification has 45,455 for sRGB
_SRGB_CHROMATICITIES = (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
_ROUNDING = 200  #: writers round white and primaries in their own ways
_MOST_NAME = 60


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of a picture as its file tells them; an empty one means sRGB."""

    icc_profile: bytes | None = None
    chunks: tuple[tuple[bytes, bytes], ...] = ()

    def chunk(self, kind: bytes) -> bytes | None:
        """Return the content of a chunk; None if the picture has none of that kind."""
        return dict(self.chunks).get(kind)

    @property
    def cicp(self) -> tuple[int, int] | None:
        """The primaries and the transfer of a cICP chunk, as numbers of H.273."""
        content = self.chunk(b"cICP")
        return (content[0], content[1]) if content is not None and len(content) == _CICP_BYTES else None

    @property
    def gamma(self) -> int | None:
        """The exponent of a gAMA chunk, times 100,000."""
        content = self.chunk(b"gAMA")
        return int.from_bytes(content, "big") or None if content is not None and len(content) == _GAMA_BYTES else None

    @property
    def chromaticities(self) -> tuple[int, ...] | None:
        """White, red, green and blue of a cHRM chunk, x and y of each, times 100,000."""
        content = self.chunk(b"cHRM")
        if content is None or len(content) != _CHRM_BYTES:
            return None
        return tuple(int.from_bytes(content[at : at + 4], "big") for at in range(0, _CHRM_BYTES, 4))

    @property
    def name(self) -> str | None:
        """The name of these colours; None for those of sRGB, and for a profile that cannot be read."""
        if self.cicp is not None:
            primaries, transfer = self.cicp
            is_srgb = primaries == _SRGB_PRIMARIES and transfer in _SRGB_TRANSFERS
            return None if is_srgb else _CICP_NAMES.get(primaries, f"cICP {primaries}/{transfer}")
        if self.icc_profile is not None:
            return _name_of(self.icc_profile)
        if self.chunk(b"sRGB") is not None:
            return None
        if self.chromaticities is not None and not _is_near(self.chromaticities, _SRGB_CHROMATICITIES):
            return "primaries of its own"
        if self.gamma is not None and self.gamma not in _SRGB_GAMMA:
            return f"gamma {100_000 / self.gamma:.1f}"
        return None


def colours_of(image: ImageFile) -> Colours:
    """Return the colours of an opened picture. The file's position stays."""
    icc_profile = image.info.get("icc_profile") or None
    is_jpeg = isinstance(image, JpegImageFile)
    return Colours(icc_profile, () if is_jpeg else tuple(sorted(dict(side_chunks(image, COLOUR_CHUNKS)).items())))


def _name_of(icc_profile: bytes) -> str | None:
    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(icc_profile)))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in description).split())[:_MOST_NAME]
    return None if "srgb" in name.lower() else name or "an unnamed profile"


def _is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= _ROUNDING for a, b in zip(one, other, strict=True))
