"""Soft checks: what a person should know of a cutout that is a sound PNG but not quite what was expected.

They never refuse anything: a paid result is never thrown away.
"""

import json

from cutoutd.core.photo import Photo
from cutoutd.images import PngHeader


def note_on(photo: Photo, header: PngHeader) -> str | None:
    """What is unexpected about a cutout, as a clause; None when nothing is."""
    parameters = json.loads(photo.parameters or "{}")
    clauses = []
    if not {"crop", "scale"} & parameters.keys():
        clauses.append(_note_on_size(photo, header))
    if not header.has_alpha and not {"channels", "bg_color"} & parameters.keys():
        clauses.append("the cutout has no transparency")
    return "; ".join(filter(None, clauses)) or None


def _note_on_size(photo: Photo, header: PngHeader) -> str | None:
    sent, received = photo.sent_size, (header.width, header.height)
    if sent == received:
        return None
    change = "downscaled it from" if received[0] * received[1] < sent[0] * sent[1] else "changed its size from"
    return f"Uploadcare {change} {sent[0]} x {sent[1]} to {received[0]} x {received[1]} pixels"
