"""The remove_bg parameters of one request.

The user writes `roi` in pixels of the upright photo. Uploadcare reads pixels of the upload, which may be a smaller
copy. Every other parameter is sent as it is bound to the photo: shares mean the same in a copy, and a margin in px is
measured in the cutout.
"""

import json

from cutoutd.core.photo import Photo, require_value

_PIXELS = "px"


def request_parameters(photo: Photo) -> str:
    """Return the photo's remove_bg parameters, converted for its upload, as normalised JSON."""
    bound = require_value(photo.bound.parameters)
    full, sent = (require_value(photo.picture.width), require_value(photo.picture.height)), photo.sent_size
    values = json.loads(bound)
    if sent == full or not str(values.get("roi")).endswith(_PIXELS):
        return bound
    values["roi"] = _scaled(values["roi"], full, sent)
    return json.dumps(values, separators=(",", ":"))  # in the order of the bound ones


def _scaled(roi: str, full: tuple[int, int], sent: tuple[int, int]) -> str:
    """Return the same region in a copy, rounded outwards so that nothing of it is lost."""
    left, top, right, bottom = (int(edge.removesuffix(_PIXELS)) for edge in roi.split())
    edges = (
        left * sent[0] // full[0],
        top * sent[1] // full[1],
        -(-right * sent[0] // full[0]),
        -(-bottom * sent[1] // full[1]),
    )
    return " ".join(f"{edge}{_PIXELS}" for edge in edges)
