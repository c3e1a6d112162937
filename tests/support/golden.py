"""Golden files: the whole text of a screen, so that a rewording is one diff.

``UPDATE_GOLDEN=1 pytest FILES`` writes the files anew. Read the diff before you commit it: a golden file is right
because a person has read it.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")


def assert_golden(file: Path, text: str, masks: Mapping[str, str] | None = None) -> None:
    """Compare a text with its golden file, or write the file if ``UPDATE_GOLDEN`` is set.

    Dates with times become ``<time>``. ``masks`` gives, for a part that differs from run to run, the word in its place;
    longer parts come first.
    """
    for part, word in (masks or {}).items():
        text = text.replace(part, word)
    text = _TIME.sub("<time>", "".join(f"{line.rstrip()}\n" for line in text.splitlines()))
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} differs; UPDATE_GOLDEN=1 writes it anew"


def shape_of(value: object) -> object:
    """Replace every value of a JSON document by the name of its type, and a list by its first shape."""
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__
