"""The names in an input tree: candidates, junk, and the exclusions of the user and of the folder's settings.

Names alone are judged, never a file; the validation later decides by content. The scan and the kernel events use the
same rules, so both see the same files.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import ConflictCopies
from cutoutd.files.conflict_copies import is_conflict_copy, is_snapshot_folder

#: Accepted, if the content agrees.
ACCEPTED_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png"})

#: Pictures of other formats that are dropped by mistake: rejected with advice instead of ignored without a word.
REJECTED_SUFFIXES = frozenset(
    {".heic", ".heif", ".hif", ".webp", ".tif", ".tiff", ".avif", ".gif", ".bmp", ".jxl", ".jp2", ".psd"}
)
RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mrw", ".nef", ".nrw", ".orf"}
    | {".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
_CANDIDATE_SUFFIXES = ACCEPTED_SUFFIXES | REJECTED_SUFFIXES | RAW_SUFFIXES

#: Every hidden name is junk, so these need no line here: ._* (macOS), .stfolder, .stversions, .syncthing.*.tmp,
#: rsync's .name.XXXXXX, .nfs*, .Trash-*, and cutoutd's own ".cutoutd-" files.
_JUNK_NAMES = frozenset(
    {
        "thumbs.db",  # Windows
        "desktop.ini",
        "$recycle.bin",
        "system volume information",
        "__macosx",  # archives packed on macOS
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@recycle",  # QNAP
        "lost+found",  # ext4
    }
)
#: Names of unfinished files: of browsers, download managers, FileZilla and WinSCP, editors.
_JUNK_SUFFIXES = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".temp")
_JUNK_PREFIXES = (".", "~$", "~syncthing~")


def is_junk(name: str) -> bool:
    """Return True if a file of this name is hidden, unfinished, or of the system."""
    lowered = name.casefold()
    return lowered.startswith(_JUNK_PREFIXES) or lowered in _JUNK_NAMES or lowered.endswith(_JUNK_SUFFIXES)


def is_junk_folder(name: str) -> bool:
    """Return True if a folder of this name is skipped with everything below it.

    One that only looks temporary is not: people call folders ``x.tmp``, and a photo in it is a photo.
    """
    return name.startswith(".") or name.casefold() in _JUNK_NAMES


def is_candidate(name: str) -> bool:
    """Return True if a file of this name may be a photo, or is a picture to reject with advice; others are ignored."""
    return name[name.rfind(".") :].lower() in _CANDIDATE_SUFFIXES and not is_junk(name)


class Exclusions:
    """The user's ``exclude`` globs, matched against paths relative to the input tree; upper and lower case differ.

    ``*``, ``?`` and ``[...]`` stay within one name, ``**`` stands for any number of folders. A pattern with no "/" but
    at its end matches at every depth. Any other is anchored at the top. A folder that matches is excluded whole.
    """

    def __init__(self, patterns: Iterable[str], *, skips_copies: bool = False) -> None:
        self._patterns = tuple(_segments(pattern) for pattern in patterns if pattern.strip("/"))
        self._skips_copies = skips_copies

    @classmethod
    def of(cls, folder: FolderSettings) -> "Exclusions":
        """Return the exclusions of a configured folder."""
        return cls(folder.exclude, skips_copies=folder.conflict_copies is ConflictCopies.SKIP)

    def skips_file(self, name: str) -> bool:
        """Return True if a file of this name is a conflict copy that is not paid for."""
        return self._skips_copies and is_conflict_copy(name)

    def skips_folder(self, name: str) -> bool:
        """Return True if a folder of this name holds earlier versions that are not paid for."""
        return self._skips_copies and is_snapshot_folder(name)

    def covers(self, path: str) -> bool:
        """Return True if the path, or a folder above it, matches a pattern."""
        if not self._patterns:
            return False
        names = path.split("/")
        return any(_reaches_end(pattern, names) for pattern in self._patterns)


def _segments(pattern: str) -> tuple[str, ...]:
    trimmed = pattern.rstrip("/")
    is_anchored = "/" in trimmed
    segments = tuple(segment for segment in trimmed.split("/") if segment not in {"", "."})
    return segments if is_anchored else ("**", *segments)


def _reaches_end(pattern: tuple[str, ...], names: list[str]) -> bool:
    """Follow all readings of the pattern at once, so that many ``**`` cost no more than one."""
    positions = _past_stars(pattern, {0})
    for name in names:
        stepped = {position for position in positions if pattern[position] == "**"}
        stepped |= {position + 1 for position in positions if fnmatchcase(name, pattern[position])}
        positions = _past_stars(pattern, stepped)
        if len(pattern) in positions:
            return True
    return False


def _past_stars(pattern: tuple[str, ...], positions: set[int]) -> set[int]:
    reached = set(positions)
    for position in sorted(positions):
        following = position
        while following < len(pattern) - 1 and pattern[following] == "**":
            following += 1
            reached.add(following)
    return reached
