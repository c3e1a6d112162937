"""The ``remove_bg`` parameters: names, defaults and allowed values (docs/uploadcare.md 1).

The daemon has its own check of them. It is not used here, because else the sandbox would share its mistakes.
"""

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from cutoutd.sandbox.engine.geometry import (
    CENTRE,
    NO_LENGTH,
    WHOLE_PICTURE,
    Colour,
    Length,
    Position,
    Region,
    parse_colour,
    parse_length,
    parse_position,
    parse_region,
    parse_scale,
)

T = TypeVar("T")
ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class BadParameterError(Exception):
    """A ``remove_bg`` parameter has a value that the service does not know; the text is a sentence about it."""


class ForegroundType(StrEnum):
    """The subject of the photo, by the client's word."""

    AUTO = "auto"
    PERSON = "person"
    PRODUCT = "product"
    CAR = "car"


class TypeLevel(StrEnum):
    """The detail with which the result names the subject."""

    NONE = "none"
    COARSE = "1"
    FINE = "2"
    LATEST = "latest"


class Channels(StrEnum):
    """The form of the result: the cutout itself, or only its mask."""

    RGBA = "rgba"
    ALPHA = "alpha"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one removal.

    ``scale`` is the subject's share of the picture (0.1 to 1); None keeps its size. ``position`` None keeps its place.
    ``bg_color`` None keeps the background transparent.
    """

    crop: bool = False
    crop_margin: Length = NO_LENGTH
    scale: float | None = None
    position: Position | None = None
    add_shadow: bool = False
    type: ForegroundType = ForegroundType.AUTO
    type_level: TypeLevel = TypeLevel.NONE
    semitransparency: bool = True
    channels: Channels = Channels.RGBA
    roi: Region = WHOLE_PICTURE
    bg_color: Colour | None = None

    @property
    def foreground_type(self) -> str:
        """The class in the result: empty unless it was asked for, else the client's own word or "other"."""
        if self.type_level is TypeLevel.NONE:
            return ""
        return "other" if self.type is ForegroundType.AUTO else self.type.value


def parse_parameters(raw: Mapping[str, object]) -> Parameters:
    """Read the ``params`` of an execute call.

    Unknown names are ignored, as the service does, and null means not given. With ``scale``, the default of
    ``position`` is the centre.

    Raises:
        BadParameterError: A value is not allowed; its text is a sentence.
    """
    scale = _read(raw, "scale", parse_scale, None)
    return Parameters(
        crop=_read(raw, "crop", _parse_switch, default=False),
        crop_margin=_read(raw, "crop_margin", parse_length, NO_LENGTH),
        scale=scale,
        position=_read(raw, "position", parse_position, None if scale is None else CENTRE),
        add_shadow=_read(raw, "add_shadow", _parse_switch, default=False),
        type=_read(raw, "type", partial(_parse_choice, ForegroundType), ForegroundType.AUTO),
        type_level=_read(raw, "type_level", partial(_parse_choice, TypeLevel), TypeLevel.NONE),
        semitransparency=_read(raw, "semitransparency", _parse_switch, default=True),
        channels=_read(raw, "channels", partial(_parse_choice, Channels), Channels.RGBA),
        roi=_read(raw, "roi", parse_region, WHOLE_PICTURE),
        bg_color=_read(raw, "bg_color", parse_colour, None),
    )


def _read(raw: Mapping[str, object], name: str, parse: Callable[[object], T], default: T) -> T:
    value = raw.get(name)
    if value is None:
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise BadParameterError(f"{name} must be {error}, not {reprlib.repr(value)}.") from error


def _parse_switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one exception type for every parser, see `geometry`
    return value


def _parse_choice(choices: type[ChoiceT], value: object) -> ChoiceT:
    try:
        return next(choice for choice in choices if choice == value)
    except StopIteration as error:
        raise ValueError("one of " + ", ".join(choices)) from error
