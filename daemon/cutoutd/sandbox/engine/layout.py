"""The place of the subject in the result: crop, margin, scale, position and the limit of 25 megapixels.

Sizes only, no pixels, so that a margin of any size costs nothing before it is limited. `composition` draws the result.
"""

import math
from dataclasses import dataclass

from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.parameters import Parameters

MAX_PIXELS = 25_000_000
"""The limit to which the service scales larger results down (docs/uploadcare.md 1)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The size of the result, and the rectangle in it that the subject fills, all in whole pixels."""

    width: int
    height: int
    left: int
    top: int
    subject_width: int
    subject_height: int


def lay_out(picture: Box, subject: Box, parameters: Parameters) -> Layout:
    """Return the size of the result and the place of the subject in it; ``subject`` lies inside ``picture``."""
    frame = _frame(picture, subject, parameters)
    factor = _factor(frame, subject, parameters.scale)
    placed = _place(frame, subject, parameters, factor=factor)
    return _capped(frame, placed)


def _frame(picture: Box, subject: Box, parameters: Parameters) -> Box:
    if not parameters.crop:
        return picture
    horizontal = parameters.crop_margin.pixels_of(subject.width)
    vertical = parameters.crop_margin.pixels_of(subject.height)
    return Box(subject.left - horizontal, subject.top - vertical, subject.right + horizontal, subject.bottom + vertical)


def _factor(frame: Box, subject: Box, scale: float | None) -> float:
    if scale is None:
        return 1
    return scale * min(frame.width / subject.width, frame.height / subject.height)


def _place(frame: Box, subject: Box, parameters: Parameters, *, factor: float) -> Box:
    """Return the subject's box, counted from the corner of the frame."""
    width, height = subject.width * factor, subject.height * factor
    free_width, free_height = frame.width - width, frame.height - height
    if parameters.position is not None:
        left = free_width * parameters.position.horizontal
        top = free_height * parameters.position.vertical
    else:
        # Around its own centre, but inside the frame, because else a subject that grew near an edge is cut off.
        left = min(max((subject.left + subject.right - width) / 2 - frame.left, 0), free_width)
        top = min(max((subject.top + subject.bottom - height) / 2 - frame.top, 0), free_height)
    return Box(left, top, left + width, top + height)


def _capped(frame: Box, placed: Box) -> Layout:
    shrink = min(1, math.sqrt(MAX_PIXELS / (frame.width * frame.height)))
    width, height = max(1, int(frame.width * shrink)), max(1, int(frame.height * shrink))
    subject_width = min(max(1, round(placed.width * shrink)), width)
    subject_height = min(max(1, round(placed.height * shrink)), height)
    return Layout(
        width=width,
        height=height,
        left=min(round(placed.left * shrink), width - subject_width),
        top=min(round(placed.top * shrink), height - subject_height),
        subject_width=subject_width,
        subject_height=subject_height,
    )
