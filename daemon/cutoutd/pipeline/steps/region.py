"""The region of interest in the pixels of what is really sent. Pure.

``roi`` in px is meant, and written, in pixels of the upright photo (README). Uploadcare reads it in pixels of what it
was sent, and that may be a copy with fewer of them. Every other parameter goes out as it was bound: shares mean the
same in a copy, and a margin in px is measured in the cutout.
"""

import json

from cutoutd.core.photo import Photo, known

_PIXELS = "px"


def parameters_to_send(photo: Photo) -> str:
    """The photo's remove_bg parameters as they fit its upload, normalised JSON like those that are bound to it."""
    bound = known(photo.parameters)
    full, sent = (known(photo.width), known(photo.height)), photo.sent_size
    values = json.loads(bound)
    if sent == full or not str(values.get("roi", "")).endswith(_PIXELS):
        return bound
    values["roi"] = _scaled(values["roi"], full, sent)
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _scaled(roi: str, full: tuple[int, int], sent: tuple[int, int]) -> str:
    """The same region, or a part of a pixel more: what was inside stays inside."""
    left, top, right, bottom = (int(edge.removesuffix(_PIXELS)) for edge in roi.split())
    edges = (
        left * sent[0] // full[0],
        top * sent[1] // full[1],
        -(-right * sent[0] // full[0]),
        -(-bottom * sent[1] // full[1]),
    )
    return " ".join(f"{edge}{_PIXELS}" for edge in edges)
