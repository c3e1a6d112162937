"""``cutoutd check``: what would go wrong on this machine, found before a photo does.

Each finding says what to do. It changes nothing, except that it tries out whether folders can be written.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cutoutd.config.settings import Folder, OnSuccess, Provenance, Settings
from cutoutd.errors import CutoutdError, HaltError
from cutoutd.naming import TEMPORARY_PREFIX
from cutoutd.publishing.origin import ATTRIBUTE
from cutoutd.uploadcare.answers import Project
from cutoutd.uploadcare.client import Uploadcare, open_uploadcare
from cutoutd.watcher.mounts import choose_backends, parse_mounts

#: Uploadcare refuses signatures from clocks that are further off (UPLOADCARE.md section 3); half of it is worth a word.
_REFUSED_SKEW_S = 15 * 60


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and Uploadcare's refusal if it gave one."""

    findings: tuple[Finding, ...]
    refusal: HaltError | None = None


async def check_all(settings: Settings, *, is_offline: bool) -> Report:
    """Look at the machine and, unless offline, ask Uploadcare whether it takes the keys and agrees on the time."""
    found = await asyncio.to_thread(lambda: tuple(_machine(settings)))
    async with open_uploadcare(settings.uploadcare, connections=1) as uploadcare:
        found += (Finding(Level.GOOD, "CDN host", uploadcare.cdn_host),)
        return Report(found) if is_offline else await _with_service(found, uploadcare)


async def _with_service(found: tuple[Finding, ...], uploadcare: Uploadcare) -> Report:
    try:
        project = await uploadcare.show_project()
    except CutoutdError as error:
        refusal = error if isinstance(error, HaltError) else None
        advice = error.advice if refusal else "Look at the network, then check again."
        return Report((*found, Finding(Level.FAULT, "Uploadcare", f"{error.title}: {error.sentence}", advice)), refusal)
    return Report((*found, Finding(Level.GOOD, "keys", f'accepted for the project "{project.name}"'), _clock(project)))


def _machine(settings: Settings) -> Iterator[Finding]:
    yield _writable("state_dir", settings.state_dir, made_in=_nearest_above(settings.state_dir))
    for folder in settings.folders:
        yield _readable(folder)
        yield _writable(f"folders.{folder.name}.output", folder.output, made_in=folder.output.parent)
        if folder.on_success is not OnSuccess.KEEP:
            yield _writable(f"folders.{folder.name}.on_success", folder.input, made_in=folder.input)
        if folder.archive is not None:
            yield _writable(f"folders.{folder.name}.archive", folder.archive, made_in=folder.archive.parent)
        yield from _attributes(folder)
        yield from _watching(folder, settings)


def _clock(project: Project) -> Finding:
    if project.clock_skew_s is None:
        return Finding(Level.WARNING, "clock", "Uploadcare's answer carried no date to compare with")
    skew_s = abs(project.clock_skew_s)
    side = "ahead of" if project.clock_skew_s > 0 else "behind"
    sentence = f"{skew_s:.0f} s {side} Uploadcare's"
    if skew_s < _REFUSED_SKEW_S / 2:
        return Finding(Level.GOOD, "clock", sentence)
    level = Level.FAULT if skew_s >= _REFUSED_SKEW_S else Level.WARNING
    return Finding(
        level,
        "clock",
        f"{sentence}; from 15 minutes on it refuses every request",
        "Set up NTP, for example systemd-timesyncd.",
    )


def _readable(folder: Folder) -> Finding:
    subject = f"folders.{folder.name}.input"
    try:
        with os.scandir(folder.input) as entries:
            any(entries)
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{folder.input}: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{folder.input} can be read")


def _advice_on(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Create it, or correct the path."
    return "Give the user that cutoutd runs as access to it."


def _nearest_above(path: Path) -> Path:
    return next(above for above in path.parents if above.exists())


def _writable(subject: str, path: Path, *, made_in: Path) -> Finding:
    is_there = os.path.lexists(path)
    tried = path if is_there else made_in
    try:
        with tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried):
            pass
    except OSError as error:
        return Finding(Level.FAULT, subject, f"{tried} cannot be written: {error.strerror}", _advice_on(error))
    return Finding(Level.GOOD, subject, f"{path} can be written" if is_there else f"{path} will be created")


def _attributes(folder: Folder) -> Iterator[Finding]:
    """Whether cutouts can carry where they came from; trouble with the folder itself is told elsewhere."""
    if folder.provenance is not Provenance.XATTR:
        return
    tried = folder.output if folder.output.is_dir() else folder.output.parent
    with suppress(OSError), tempfile.TemporaryFile(prefix=TEMPORARY_PREFIX, dir=tried) as file:
        try:
            os.setxattr(file.fileno(), ATTRIBUTE, b"{}")
        except OSError as error:
            sentence = f"the disk of {tried} takes no extended attributes ({error.strerror})"
            advice = "Set provenance: png_text, or cutoutd rebuild will know none of its cutouts."
            yield Finding(Level.WARNING, f"folders.{folder.name}.provenance", sentence, advice)


def _watching(folder: Folder, settings: Settings) -> Iterator[Finding]:
    mounts = parse_mounts(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    for backend in choose_backends(folder.input.resolve(), mounts, settings.watch.mode):
        place = folder.input / backend.path
        yield Finding(Level.GOOD, f"folders.{folder.name}.watch", f"{place} by {backend.kind}: {backend.reason}")
