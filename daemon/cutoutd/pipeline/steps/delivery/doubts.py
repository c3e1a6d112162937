"""The doubts about a sound cutout, and the bounds of what can be one.

A cutout with a doubt was paid for, so it is published all the same. But its source stays where it is, because the
cutout may not replace it.
"""

import json

from cutoutd.core.photo import Photo
from cutoutd.images.structure.png_header import PngHeader

#: Uploadcare makes no larger results: it scales pictures down to 25 megapixels (docs/uploadcare.md). Margins and
#: rounding may add to it.
_MOST_PIXELS = 25_000_000
_TOLERANCE = 1.1


def most_pixels(photo: Photo) -> int:
    """Return the number of pixels that no cutout of the photo exceeds."""
    width, height = photo.sent_size
    return int(max(_MOST_PIXELS, width * height) * _TOLERANCE)


def note_on(photo: Photo, header: PngHeader) -> str | None:
    """Return the unexpected properties of a cutout as a clause; None if there are none."""
    parameters = json.loads(photo.bound.parameters or "{}")
    clauses = []
    if not {"crop", "scale"} & parameters.keys():
        clauses.append(_note_on_size(photo, header))
    if not header.has_alpha and not {"channels", "bg_color"} & parameters.keys():
        clauses.append("the cutout has no transparency")
    # No fault, because the service may have converted the colours; only a person can see whether it did.
    if photo.picture.colours is not None and not header.has_colours and parameters.get("channels") != "alpha":
        clauses.append(
            f"the photo has the colours of {photo.picture.colours}, and the cutout does not say which it has:"
            " compare the two"
        )
    return "; ".join(filter(None, clauses)) or None


def _note_on_size(photo: Photo, header: PngHeader) -> str | None:
    sent, received = photo.sent_size, (header.width, header.height)
    if sent == received:
        return None
    change = "downscaled it from" if received[0] * received[1] < sent[0] * sent[1] else "changed its size from"
    return f"Uploadcare {change} {sent[0]} x {sent[1]} to {received[0]} x {received[1]} pixels"
