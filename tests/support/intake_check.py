"""The whole local way of photos in one folder: scan, settling, examination, without clock, ledger or service.

Whatever lies there must come to a verdict. Each sentence is held to what may be shown to people: no control character,
nothing that cannot be encoded, and not long.
"""

from dataclasses import dataclass
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.core.errors import DiskError, RejectedError, SupersededError
from cutoutd.core.photo import Accepted, Identity
from cutoutd.files.input_tree import Sighting, open_beneath
from cutoutd.files.name_filters import Exclusions
from cutoutd.images.structure.completeness import is_whole
from cutoutd.pipeline.steps.validate import validate_photo
from cutoutd.watch.scanner import Scan
from cutoutd.watch.stability import FileLook, StabilityCheck

ACCEPTED = "accepted"
_DELAY_S = 2.0
_LONGEST_SENTENCE = 300


@dataclass(frozen=True)
class IntakeOutcome:
    """What became of one file: ``accepted``, a rejection's or supersession's code, or ``delayed``."""

    code: str
    sentence: str = ""
    fact: Accepted | None = None


def outcomes_on(folder: FolderSettings) -> dict[str, IntakeOutcome]:
    """What becomes of every candidate in the input tree, by its path."""
    return {sighting.path: judge(sighting, folder) for sighting in sightings_in(folder)}


def outcome_on(content: bytes, folder: FolderSettings, name: str = "a.jpg") -> IntakeOutcome:
    """What becomes of a file with this content, the only one in the tree."""
    (folder.input / name).write_bytes(content)
    (verdict,) = outcomes_on(folder).values()
    return verdict


def sightings_in(folder: FolderSettings) -> list[Sighting]:
    """Every candidate that a scan meets; all of them are finished when they have stood still."""
    found = list(Scan(folder.input, Exclusions.of(folder), is_recursive=folder.recursive).sightings())
    assert all(_is_settled(sighting, folder.input) for sighting in found)
    return found


def judge(sighting: Sighting, folder: FolderSettings) -> IntakeOutcome:
    """The examination of one version of a file."""
    try:
        return IntakeOutcome(ACCEPTED, fact=validate_photo(Identity(folder.name, *sighting.version), folder).fact)
    except (RejectedError, SupersededError) as error:
        verdict = IntakeOutcome(str(error.code), error.sentence)
    except DiskError as error:
        verdict = IntakeOutcome("delayed", error.sentence)
    assert verdict.sentence.isprintable()
    assert 0 < len(verdict.sentence) <= _LONGEST_SENTENCE + len(str(folder.input / sighting.path))
    return verdict


def _is_settled(sighting: Sighting, root: Path) -> bool:
    """Two looks, with the delay between them on a clock of our own."""
    clock_s = [0.0]
    settling = StabilityCheck(_DELAY_S, now_s=lambda: clock_s[-1], wall_ns=lambda: sighting.ctime_ns)
    try:
        with open_beneath(root, sighting.path) as file:
            whole = is_whole(file)
    except OSError:
        whole = False
    look = FileLook(is_whole=whole)
    is_finished = settling.is_finished(sighting, look)
    clock_s.append(_DELAY_S)
    return is_finished or settling.is_finished(sighting, look)
