"""One reason why files and folders are passed over, with their names: the value that every reader shows.

The log, ``status``, ``check``, ``plan``, ``run --once`` and the page make their lines from it. It also says whether
photos may be missed against the user's wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cutoutd.core.logs import printable

_MAX_LISTED = 20
_MAX_IN_SENTENCE = 3
_MAX_NAME = 160


class PassedOverReason(StrEnum):
    """The reason why a file or folder is not taken."""

    UNREADABLE = "unreadable"
    PATH_TOO_LONG = "path_too_long"
    TOO_DEEP = "too_deep"
    UNSTORABLE_NAME = "unstorable_name"
    LINK = "link"
    FOREIGN_LINK = "foreign_link"
    LOOP = "loop"
    CONFLICT_COPY = "conflict_copy"
    SUBFOLDER = "subfolder"

    @property
    def may_hide_photos(self) -> bool:
        """True if photos may be missed against the user's wish: it is a fault, not a rule."""
        return self in _FAULTS

    @property
    def is_by_setting(self) -> bool:
        """True if a setting that the user typed says so; then only those hear of it that ask."""
        return self is PassedOverReason.SUBFOLDER


_FAULTS = frozenset(
    {
        PassedOverReason.UNREADABLE,
        PassedOverReason.PATH_TOO_LONG,
        PassedOverReason.TOO_DEEP,
        PassedOverReason.UNSTORABLE_NAME,
    }
)

#: By reason: the words behind the names, and the advice.
_WORDS = {
    PassedOverReason.UNREADABLE: (
        "cannot be read ({cause}); photos there may be missed",
        "Let cutoutd's user read it, or list it in exclude.",
    ),
    PassedOverReason.PATH_TOO_LONG: (
        "the path is too long; photos there may be missed",
        "Shorten the names of its folders, or move it further up.",
    ),
    PassedOverReason.TOO_DEEP: (
        "it lies in too many folders, one inside the other; photos there are missed",
        "Move it further up.",
    ),
    PassedOverReason.UNSTORABLE_NAME: (
        "the name holds characters that cannot be stored, so the photo is missed",
        "Rename it.",
    ),
    PassedOverReason.LINK: (
        "symbolic links are not followed",
        "Put the photos there themselves, or mount their folder there; exclude ends this note.",
    ),
    PassedOverReason.FOREIGN_LINK: (
        "a hard link to a private file of another user is not sent",
        "Put a copy there, or let the folder's group read the file; exclude ends this note.",
    ),
    PassedOverReason.LOOP: ("the folder contains itself, and is not entered again", "exclude ends this note."),
    PassedOverReason.CONFLICT_COPY: (
        "conflict copies and snapshots are not paid for",
        "Delete or exclude them, or set conflict_copies: take.",
    ),
    PassedOverReason.SUBFOLDER: (
        "subfolders are not entered (recursive: false)",
        "Set recursive: true to take their photos.",
    ),
}


@dataclass(frozen=True, slots=True)
class PassedOver:
    """All files and folders of one input that are passed over for one reason."""

    folder: str
    reason: PassedOverReason
    count: int
    paths: tuple[str, ...]  #: the first of them, as they are shown
    cause: str = ""  #: the words of the system about the first one

    @property
    def names(self) -> str:
        """The first names, and how many more there are."""
        named = ", ".join(_shortened(f"{self.folder}/{path}") for path in self.paths[:_MAX_IN_SENTENCE])
        more = self.count - min(self.count, _MAX_IN_SENTENCE)
        return f"{named} and {more:,} more" if more else named

    @property
    def words(self) -> str:
        """The reason in words."""
        return _WORDS[self.reason][0].format(cause=self.cause)

    @property
    def sentence(self) -> str:
        """The names and the reason."""
        return f"{self.names}: {self.words}"

    @property
    def advice(self) -> str:
        """The way to end it."""
        return _WORDS[self.reason][1]


def passed_over_of(
    folder: str, reason: PassedOverReason, paths: Sequence[str], count: int, cause: str = ""
) -> PassedOver:
    """Return the value for paths as the file system has them; "" is the input root."""
    return PassedOver(folder, reason, count, tuple(printable(path or ".") for path in paths[:_MAX_LISTED]), cause)


def passed_over_as_json(passed_over: PassedOver) -> dict[str, Any]:
    """Return the documented, stable form within ``status --json`` and ``plan --json``."""
    return {
        "folder": passed_over.folder,
        "reason": passed_over.reason.value,
        "may_hide_photos": passed_over.reason.may_hide_photos,
        "count": passed_over.count,
        "paths": list(passed_over.paths),
        "sentence": passed_over.sentence,
        "advice": passed_over.advice,
    }


def _shortened(name: str) -> str:
    half = _MAX_NAME // 2
    return name if len(name) <= _MAX_NAME else f"{name[:half]}...{name[-half:]}"
