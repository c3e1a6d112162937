"""Files made to hurt: huge, deep, or unfolding."""

import time
from pathlib import Path

import pytest

from cutoutd import config
from cutoutd.core.errors import ConfigurationError

#: Each takes well under two seconds; without bounds they take minutes, gigabytes or the interpreter's stack.
_PATIENCE_S = 20


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: " + "[" * 200_000, "is nested more than 12 deep"),
        ("a: " + "{b: " * 50_000, "is nested more than 12 deep"),
        ("- " * 100_000, "is nested more than 12 deep"),
        ("? " * 100_000, "must be a plain key"),
        (
            "a: &a [x,x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a,*a]\n" for n in range(1000)),
            "aliases (& and *) are not read",
        ),
        ("a: &a [*a]\n", "aliases (& and *) are not read"),
        ("#" * 262_145, "is larger than 256 KiB"),
        ("!!python/object/apply:os.system [ls]\n", "tags (!) are not read"),
        ("".join(f"k{n}: v\n" for n in range(20_000)), "unknown key"),
    ],
    ids=["lists", "sections", "block lists", "complex keys", "alias bomb", "alias loop", "size", "tag", "many faults"],
)
def test_hostile_files_end_in_faults(tmp_path: Path, content: str, sentence: str) -> None:
    """A hostile file is refused in short time and says why."""
    file = tmp_path / "config.yaml"
    file.write_text(content)
    started_s = time.monotonic()
    with pytest.raises(ConfigurationError, match=sentence.replace("(", r"\(").replace(")", r"\)").replace("*", r"\*")):
        config.load(file, {})
    assert time.monotonic() - started_s < _PATIENCE_S


def test_an_endless_file_is_not_read_to_its_end() -> None:
    """A device without end is refused like any other file that is too large."""
    with pytest.raises(ConfigurationError, match="larger than 256 KiB"):
        config.load(Path("/dev/zero"), {})
