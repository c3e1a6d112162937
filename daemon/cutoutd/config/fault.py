"""One fault of the configuration: its place, its key and a sentence; and how places and keys are written."""

import json
import re
from dataclasses import dataclass

#: The way to a value: keys and list indexes, outermost first.
KeyPath = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[\w-]+")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and column of the file, both counted from one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where; without a place, the environment is meant or the file as a whole."""

    source: str  #: the file as the user named it, or "environment"
    place: Place | None
    key: str  #: as written by ``written_key``; empty for the file as a whole
    sentence: str

    def __str__(self) -> str:
        """The fault as one line: ``config.yaml:12:5: folders[0].recursiv: unknown key; ...``."""
        where = f"{self.source}:{self.place.line}:{self.place.column}" if self.place else self.source
        return ": ".join(part for part in (where, self.key, self.sentence) if part)


def written_key(path: KeyPath) -> str:
    """A key path as people read it: ``folders[1].remove_bg.crop_margin``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if _PLAIN_KEY.fullmatch(step) else quoted(step)
            text += f".{name}" if text else name
    return text


def quoted(text: str) -> str:
    """A text from the file in quotes, on one line, shortened, and safe for every terminal."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())
