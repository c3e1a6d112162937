"""The parameters of Uploadcare's ``remove_bg`` add-on, with every name and value checked before money is spent.

The service silently drops unknown parameters (docs/uploadcare.md 1), so a typo would cost money without an effect.
Values come from the configuration as text. The ledger and the service get them as one normalised JSON.
A new parameter is a field of `RemoveBg`, below the checks of the values.
"""

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from cutoutd.config.types.frozen_model import FrozenModel

_PERCENT = re.compile(r"0*([0-9]{1,3})\s*%")
_PIXELS = re.compile(r"0*([0-9]{1,6})\s*px", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_WHOLE = 100
_SMALLEST_SCALE = 10
_ROI_EDGES = 4

_MARGIN = "must be pixels or a share from 0% to 100%, in whole numbers, e.g. 30px or 10%"
_SCALE = 'must be "original" or a whole share from 10% to 100%, e.g. 80%'
_POSITION = 'must be "original", "center", or one or two whole shares from 0% to 100%, e.g. 50% 20%'
_ROI = "must be x1 y1 x2 y2, four whole numbers all in px or all in %, e.g. 0% 0% 90% 90%"


def _percent_of(text: str) -> int | None:
    match = _PERCENT.fullmatch(text)
    return int(match[1]) if match and int(match[1]) <= _WHOLE else None


def _pixels_of(text: str) -> int | None:
    match = _PIXELS.fullmatch(text)
    return int(match[1]) if match else None


def _margin(text: str) -> str:
    percent, pixels = _percent_of(text), _pixels_of(text)
    if text == "0" or percent == 0 or pixels == 0:
        return "0"
    if pixels is not None:
        return f"{pixels}px"
    if percent is not None:
        return f"{percent}%"
    raise ValueError(_MARGIN)


def _scale(text: str) -> str:
    if text.lower() == "original":
        return "original"
    percent = _percent_of(text)
    if percent is None or percent < _SMALLEST_SCALE:
        raise ValueError(_SCALE)
    return f"{percent}%"


def _position(text: str) -> str:
    if text.lower() in {"original", "center"}:
        return text.lower()
    shares = [_percent_of(word) for word in text.split()]
    if len(shares) not in {1, 2} or None in shares:
        raise ValueError(_POSITION)
    return " ".join(f"{share}%" for share in shares)


def _roi(text: str) -> str:
    words = text.split()
    unit = "%" if text.endswith("%") else "px"
    edges = [_percent_of(word) if unit == "%" else _pixels_of(word) for word in words]
    known = [edge for edge in edges if edge is not None]
    if len(known) != len(words) or len(words) != _ROI_EDGES:
        raise ValueError(_ROI)
    x1, y1, x2, y2 = known
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"holds no area: x1 must be less than x2 and y1 less than y2; it {_ROI}")
    return " ".join(f"{edge}{unit}" for edge in known)


def _colour(text: str) -> str:
    if not text:
        raise ValueError("must be hexadecimal digits without #, e.g. 81d4fa77; from a # on, YAML reads a comment")
    if text.startswith("#") and _HEX.fullmatch(text[1:]):
        raise ValueError(f"must be written without #, as {text[1:]}")
    if not _HEX.fullmatch(text):
        raise ValueError("must be 3, 4, 6 or 8 hexadecimal digits without #, e.g. 81d4fa77")
    return text.lower()


_SHARE = "(100|[0-9]{1,2})%"

Margin = Annotated[
    str,
    AfterValidator(_margin),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^([0-9]+px|{_SHARE}|0)$"}, {"const": 0}]}),
]
Scale = Annotated[
    str,
    AfterValidator(_scale),
    WithJsonSchema({"type": "string", "pattern": "^(original|100%|[1-9][0-9]%)$"}),
]
Position = Annotated[
    str,
    AfterValidator(_position),
    WithJsonSchema({"type": "string", "pattern": f"^(original|center|{_SHARE}( {_SHARE})?)$"}),
]
Roi = Annotated[
    str,
    AfterValidator(_roi),
    WithJsonSchema({"type": "string", "pattern": f"^([0-9]+px( [0-9]+px){{3}}|{_SHARE}( {_SHARE}){{3}})$"}),
]
Colour = Annotated[
    str,
    AfterValidator(_colour),
    # Allow a number, because YAML editors read 000000 as one; the loader takes the text as written.
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{_HEX.pattern}$"}, {"type": "integer", "minimum": 0}]}),
]
TypeLevel = Annotated[
    Literal["none", "1", "2", "latest"],
    WithJsonSchema({"enum": ["none", "1", "2", "latest", 1, 2]}),
]


class RemoveBg(FrozenModel):
    """The parameters of the removal.

    Only keys that are set are sent; the service has its own defaults for the rest.
    """

    crop: bool | None = None
    """Cut off the empty regions around the subject."""
    crop_margin: Margin | None = None
    """Room left around the cropped subject: pixels or a share, e.g. 30px or 10%."""
    scale: Scale | None = None
    """Size of the subject in the image: 10% to 100%, or original."""
    position: Position | None = None
    """Position of the subject: original, center, 0% to 100%, or two shares (horizontal vertical)."""
    add_shadow: bool | None = None
    """Add an artificial shadow."""
    type: Literal["auto", "person", "product", "car"] | None = None
    """The kind of subject in the photos."""
    type_level: TypeLevel | None = None
    """Detail of Uploadcare's classification of the subject: none, 1, 2 or latest."""
    semitransparency: bool | None = None
    """Allow half-transparent regions in the cutout (hair, glass)."""
    channels: Literal["rgba", "alpha"] | None = None
    """rgba for the cutout, alpha for its mask alone."""
    roi: Roi | None = None
    """Region of the subject: x1 y1 x2 y2, all in px or all in %, of the upright photo."""
    bg_color: Colour | None = None
    """A background in place of transparency: 3, 4, 6 or 8 hexadecimal digits without #."""

    def as_json(self) -> str:
        """Return exactly the set keys in one spelling and order, so that equal settings give equal text."""
        return json.dumps(self.model_dump(exclude_none=True), sort_keys=True, separators=(",", ":"))
