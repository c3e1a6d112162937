"""Hostile names through the whole local intake, with a real ledger: nothing is refused for its name alone.

What is shown of them (log, notes, status) is one line of printable text each, whatever the name holds.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cutoutd.cli.terminal.status_view import show_history, show_status
from cutoutd.config.settings import FolderSettings, Limits
from cutoutd.core.errors import DiskError, RejectedError, SupersededError
from cutoutd.core.logs import configure_logging, log_event
from cutoutd.core.photo import Identity, Photo, Rejected, State, Superseded, Wait, WaitKind
from cutoutd.files.mounts import parse_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.pipeline.steps.failure_note import FailureNotes
from cutoutd.pipeline.steps.validate import validate_photo
from cutoutd.status.status import read_history, read_status, status_as_json
from cutoutd.watch.scanner import Scan
from support.folders import folder_in
from support.images.photographs import jpeg
from support.intake_check import sightings_in
from support.ledgers import versions_of

T = TypeVar("T")

PHOTO = jpeg((8, 8))
LONGEST = 255

#: Every one a file name that Linux takes, ".jpg" included.
NAMES = (
    "two\nlines.jpg",
    "carriage\rreturn\tand tab.jpg",
    "\x1b[2J\x1b]0;owned\x07.jpg",
    "bell\x07null-like\x01\x7f.jpg",
    "next\x85line\u2028and\u2029paragraph.jpg",
    "right-to-left \u202egpj.exe.jpg",
    "zero\u200bwidth\ufeff.jpg",
    "caf\udce9 in latin-1.jpg",
    "\udcff\udcfe\udc80.jpg",
    "half an emoji \udcf0\udc9f.jpg",
    "🌺👩‍👩‍👧‍👦🏳️‍🌈.jpg",
    "e\u0301 decomposed.jpg",
    "\u00e9 composed.jpg",
    "UPPER.jpg",
    "upper.jpg",
    "{stem}{name}{0}{.jpg",
    "%s%n%x%%.jpg",
    "-rf --help.jpg",
    "$(reboot) `reboot` ; & | < > \" '.jpg",
    "[bold red]rich *?[a-z].jpg",
    "back\\slash \\x41 \\udcff.jpg",
    " leading and trailing .jpg",
    "dots...jpg",
    "a.jpg.jpg",
    "con.jpg",
    "\u0130 \u212a \ufb01 ß.jpg",
    "x" * (LONGEST - 4) + ".jpg",
    "😀" * 62 + "abc.jpg",
    "\udcff" * (LONGEST - 4) + ".jpg",
)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The lines of the log, as text."""
    lines: list[str] = []
    configure_logging("debug", "text", lines.append)
    yield lines
    configure_logging("info", "text")


def journeys_end(folder: FolderSettings, state_dir: Path) -> list[Photo]:
    """Return the ledger's record of every photo in the tree, after its validation."""
    state_dir.mkdir()

    async def play() -> list[Photo]:
        async with open_ledger(state_dir) as ledger:
            return [await _examined(identity, ledger, folder) for identity in _identities(folder)]

    return asyncio.run(play())


def _identities(folder: FolderSettings) -> list[Identity]:
    return [Identity(folder.name, *sighting.version) for sighting in sightings_in(folder)]


async def _examined(identity: Identity, ledger: Ledger, folder: FolderSettings) -> Photo:
    found = await ledger.discover(identity)
    assert found is not None
    moved = await _judged(found, ledger, folder)
    log_event(moved.state, moved.wait.reason or moved.story, about=moved.identity)
    (stored,) = await ledger.query(versions_of, identity.path)
    assert stored == moved
    return stored


async def _judged(found: Photo, ledger: Ledger, folder: FolderSettings) -> Photo:
    """As the journey's first step has it."""
    try:
        examination = validate_photo(found.identity, folder)
        return await ledger.accept(found, examination.fact, examination.free_targets)
    except DiskError as error:
        return await ledger.postpone(found, Wait(WaitKind.RETRY, time.time(), 1, error.sentence))
    except SupersededError as error:
        return await ledger.record(found, Superseded(error.code, error.sentence, error.advice))
    except RejectedError as error:
        rejected = await ledger.record(found, Rejected(error.code, error.sentence, error.advice))
        FailureNotes({folder.name: folder}).write(rejected)
        return rejected


def shown(state_dir: Path) -> str:
    """Status and history as a terminal gets them."""
    screen = StringIO()
    console = Console(file=screen, width=400)
    status = read_status(state_dir, Limits())
    show_status(console, status)
    show_history(console, read_history(state_dir, None, 1000))
    return screen.getvalue() + json.dumps(status_as_json(status))


def require_harmless(text: str) -> None:
    assert all(line.isprintable() for line in text.split("\n"))
    text.encode()


def test_every_name_is_accepted_and_has_a_place_of_its_own(
    folder: FolderSettings, tmp_path: Path, said: list[str]
) -> None:
    """Each photo keeps its name through scan, ledger and target; no two share a place on any file system."""
    for name in NAMES:
        (folder.input / name).write_bytes(PHOTO)
    photos = journeys_end(folder, tmp_path / "state")
    assert {photo.identity.path for photo in photos} == set(NAMES)
    assert {photo.state for photo in photos} == {State.ACCEPTED}
    targets = [photo.bound.target for photo in photos if photo.bound.target is not None]
    assert len({target.casefold() for target in targets}) == len(NAMES)
    assert all(target.endswith(".png") and "/" not in target for target in targets)
    assert all(len(os.fsencode(target)) <= LONGEST for target in targets)
    assert len(said) >= len(NAMES)
    require_harmless("\n".join(said) + shown(tmp_path / "state"))


def test_every_name_can_be_rejected_with_a_note(folder: FolderSettings, tmp_path: Path, said: list[str]) -> None:
    """The note lies beside where the cutout would be, and nowhere else; no name forges a line of it."""
    for name in NAMES:
        (folder.input / name).touch()
    photos = journeys_end(folder, tmp_path / "state")
    assert {photo.state for photo in photos} == {State.REJECTED}
    notes = list(folder.output.iterdir())
    assert len(notes) == len(NAMES)
    for note in notes:
        text = note.read_text(encoding="utf-8")
        assert len(text.split("\n")) == 7
        require_harmless(text)
    assert "note_trouble" not in "".join(said)
    require_harmless("\n".join(said) + shown(tmp_path / "state"))


@pytest.mark.parametrize("change", [Path.unlink, lambda file: file.write_bytes(PHOTO * 2)], ids=["gone", "changed"])
def test_every_name_can_be_superseded(
    folder: FolderSettings,
    tmp_path: Path,
    said: list[str],
    change: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence with the name in it goes into the ledger, bytes that are no text included."""
    for name in NAMES:
        (folder.input / name).write_bytes(PHOTO)
    discover = Ledger.discover

    async def discover_too_late(ledger: Ledger, identity: Identity) -> Photo | None:
        change(folder.input / identity.path)
        return await discover(ledger, identity)

    monkeypatch.setattr(Ledger, "discover", discover_too_late)
    photos = journeys_end(folder, tmp_path / "state")
    assert {photo.state for photo in photos} == {State.SUPERSEDED}
    require_harmless("\n".join(said) + shown(tmp_path / "state"))


def test_every_name_can_wait(folder: FolderSettings, tmp_path: Path, said: list[str]) -> None:
    """A place that cannot be looked at is named in the reason, whatever its name."""
    for name in NAMES:
        (folder.input / name).mkdir()
        (folder.input / name / "a.jpg").write_bytes(PHOTO)
        (folder.output / name).touch()
    photos = journeys_end(folder, tmp_path / "state")
    assert {photo.state for photo in photos} == {State.DISCOVERED}
    assert all("cannot be written" in photo.wait.reason for photo in photos)
    require_harmless("\n".join(said) + shown(tmp_path / "state"))


def test_forty_levels_of_odd_folders(folder: FolderSettings, tmp_path: Path, said: list[str]) -> None:
    """The whole way down, and a note as deep on the other side."""
    path = "/".join(f"\udcff\n{number}" for number in range(40))
    (folder.input / path).mkdir(parents=True)
    (folder.input / path / "a.jpg").write_bytes(PHOTO)
    (folder.input / path / "b.jpg").touch()
    states = {photo.identity.path: photo.state for photo in journeys_end(folder, tmp_path / "state")}
    assert states == {f"{path}/a.jpg": State.ACCEPTED, f"{path}/b.jpg": State.REJECTED}
    assert (folder.output / path / "b.jpg.failed.txt").is_file()
    require_harmless("\n".join(said) + shown(tmp_path / "state"))


RAW_NAME = st.binary(min_size=1, max_size=60).map(lambda raw: raw.translate(None, b"\0/") + b".jpg")


@given(raw=st.lists(RAW_NAME, min_size=1, max_size=5, unique=True))
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_a_name(tmp_path_factory: pytest.TempPathFactory, raw: list[bytes]) -> None:
    """Every candidate among names of any bytes gets a verdict, and is found in the ledger under its own bytes."""
    folder = folder_in(tmp_path_factory.mktemp("any"))
    for name in raw:
        (folder.input / os.fsdecode(name)).write_bytes(PHOTO)
    expected = {sighting.path for sighting in Scan(folder.input, Exclusions(())).sightings()}
    photos = journeys_end(folder, folder.input.parent / "state")
    assert {photo.identity.path for photo in photos} == expected
    assert all(photo.state is State.ACCEPTED for photo in photos)
    require_harmless(shown(folder.input.parent / "state"))


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_mounted_under_any_name_is_found_in_the_mount_table(name: str) -> None:
    """The kernel escapes blanks, tabs, newlines and backslashes, and nothing else that could break a line."""
    escaped = "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in f"/in/{name}")
    table = f"22 1 0:5 / / rw - ext4 /dev/vda rw\n36 22 0:31 / {escaped} rw - nfs4 nas:/ rw\n"
    assert [str(mount.path) for mount in parse_mounts(table)] == ["/", f"/in/{name}"]
