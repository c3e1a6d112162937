"""A planted fault: the edit that brings it back, the weather that shows it, and the words that tell of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the code.

    Args:
        file: below ``daemon/cutoutd``.
        old: the text as it is; it occurs once.
        new: the text with the fault.
    """

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A fault to plant.

    Args:
        item: the number of the mended fault, or "mistake", and what is wrong.
        edits: what brings it back.
        profile: the weather that shows it.
        shows: a regular expression of the fault that it has to cause; any other failure of a world does not count.
        first_seed: where the hunt begins.
    """

    item: str
    edits: tuple[Edit, ...]
    profile: str
    shows: str
    first_seed: int = 0
