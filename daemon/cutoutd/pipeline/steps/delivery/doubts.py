"""The doubts about a sound cutout, and the bounds of what can be one.

A cutout with a doubt was paid for, so it is published all the same. But its source stays where it is, because the
cutout may not replace it.
"""

import json
from dataclasses import dataclass

from cutoutd.core.photo import Doubt, Photo
from cutoutd.images.structure.png_header import PngHeader

#: Uploadcare makes no larger results: it scales pictures down to 25 megapixels (docs/uploadcare.md). Margins and
#: rounding may add to it.
_MOST_PIXELS = 25_000_000
_TOLERANCE = 1.1


def most_pixels(photo: Photo) -> int:
    """Return the number of pixels that no cutout of the photo exceeds."""
    width, height = photo.sent_size
    return int(max(_MOST_PIXELS, width * height) * _TOLERANCE)


@dataclass(frozen=True, slots=True)
class StatedDoubt:
    """One doubt about a cutout, and its clause for people."""

    doubt: Doubt
    clause: str


def doubts_about(photo: Photo, header: PngHeader) -> list[StatedDoubt]:
    """Return the doubts about a cutout; the first one is stored."""
    parameters = json.loads(photo.bound.parameters or "{}")
    doubts = []
    if header.is_empty:
        doubts.append(StatedDoubt(Doubt.EMPTY, "the cutout is empty: every pixel is transparent"))
    if not {"crop", "scale"} & parameters.keys() and (stated := _on_size(photo, header)):
        doubts.append(stated)
    if not header.has_alpha and not {"channels", "bg_color"} & parameters.keys():
        doubts.append(StatedDoubt(Doubt.NO_TRANSPARENCY, "the cutout has no transparency"))
    # No fault, because the service may have converted the colours; only a person can see whether it did.
    if photo.picture.colours is not None and not header.has_colours and parameters.get("channels") != "alpha":
        clause = (
            f"the photo has the colours of {photo.picture.colours}, and the cutout does not say which it has:"
            " compare the two"
        )
        doubts.append(StatedDoubt(Doubt.OTHER_COLOURS, clause))
    return doubts


def _on_size(photo: Photo, header: PngHeader) -> StatedDoubt | None:
    sent, received = photo.sent_size, (header.width, header.height)
    if sent == received:
        return None
    change = "downscaled it from" if received[0] * received[1] < sent[0] * sent[1] else "changed its size from"
    clause = f"Uploadcare {change} {sent[0]} x {sent[1]} to {received[0]} x {received[1]} pixels"
    return StatedDoubt(Doubt.OTHER_SIZE, clause)
