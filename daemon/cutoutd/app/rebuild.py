"""What the output trees still say about published photos, for a ledger that was lost.

Cutouts are found with what they carry (``provenance``), held against their hashes and against the sources that are
there now, and handed to the ledger. Nothing is sent, and no cutout and no source is touched.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import DiskError
from cutoutd.core.photo import Identity, Version
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import open_beneath, stat_quietly
from cutoutd.files.name_filters import Exclusions
from cutoutd.files.output_tree import OpenFolder, folders_in
from cutoutd.files.provenance import ProvenanceRecord, hashes_of, read_provenance
from cutoutd.ledger import ReadTransaction, has_ledger, has_text_form, hold_ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.rebuild import RestoredCutout, RestoredPhoto, rehearse_restoring, restore
from cutoutd.watch.scanner import Scan

#: So many paths are asked of the ledger at once.
_PATHS_PER_QUESTION = 500


@dataclass(slots=True)
class RebuildResult:
    """How a rebuild went, in numbers."""

    examined: int = 0  #: PNG files in the output trees
    restored: int = 0
    known: int = 0  #: already in the ledger, or a second copy
    edited: int = 0  #: of those found; paid for all the same, and never reused for copies
    without_source: int = 0  #: of those found; their photos are gone or have changed
    without_provenance: int = 0  #: carry nothing of where they came from
    unreadable: int = 0
    unknown_photos: int = 0  #: in the input trees, and not in the ledger now
    outputs: list[Path] = field(default_factory=list)


def outputs_without_ledger(settings: CommonSettings) -> list[Path]:
    """Outputs that hold something although there is no ledger: it may have been lost.

    Raises:
        LedgerError: the state folder may not be looked into.
    """
    if has_ledger(settings.state_dir):
        return []
    return sorted({folder.output for folder in settings.folders if _holds_something(folder.output)})


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False  # not made yet, or not to be seen from here


def rebuild(settings: CommonSettings, on_file: Callable[[int], None], *, dry_run: bool) -> RebuildResult:
    """Restore what the output trees of all folders tell; a rehearsal keeps nothing. ``tell`` hears each file looked at.

    Blocking; the caller needs no other lock. A crash leaves the ledger, or its lack, as it was.

    Raises:
        LedgerError, DiskError: another instance runs, the ledger cannot be used, or an output root is not there.
    """
    salvage = RebuildResult(outputs=sorted({folder.output for folder in settings.folders}))
    if dry_run and not has_ledger(settings.state_dir):
        return _rebuild(settings, salvage, on_file, rehearse_restoring)
    _make_folder(settings.state_dir)
    with hold_ledger(settings.state_dir):
        return _rebuild(settings, salvage, on_file, rehearse_restoring if dry_run else restore)


def _make_folder(state_dir: Path) -> None:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DiskError(f"{state_dir} cannot be made: {error.strerror}") from error


def _rebuild(
    settings: CommonSettings,
    salvage: RebuildResult,
    tell: Callable[[int], None],
    keep: Callable[[Path, Sequence[RestoredPhoto], Callable[[ReadTransaction], None]], int],
) -> RebuildResult:
    by_name = {folder.name: folder for folder in settings.folders}
    found = []
    for output in salvage.outputs:
        for place, folder in _pictures_in(output):
            salvage.examined += 1
            tell(salvage.examined)
            if (restored := _look_at(output, place, folder, by_name, salvage)) is not None:
                found.append(restored)
    # A cutout at its own place speaks before a copy that somebody put elsewhere.
    found.sort(key=lambda photo: photo.making.target != photo.reserved)

    def look(ledger: ReadTransaction) -> None:
        salvage.unknown_photos = sum(_unknown_in(ledger, folder) for folder in settings.folders)

    salvage.restored = keep(settings.state_dir, found, look)
    salvage.known = len(found) - salvage.restored
    return salvage


def _pictures_in(output: Path) -> Iterator[tuple[str, OpenFolder]]:
    for path, folder, names in folders_in(output):
        for name in sorted(names):
            if name.lower().endswith(".png") and not name.startswith(TEMPORARY_PREFIX) and folder.has_file(name):
                yield str(PurePosixPath(path, name)), folder


def _look_at(
    output: Path, place: str, folder: OpenFolder, by_name: dict[str, FolderSettings], salvage: RebuildResult
) -> RestoredPhoto | None:
    try:
        with folder.open(PurePosixPath(place).name) as file:
            origin = read_provenance(file)
            if origin is None or not all(map(has_text_form, (origin.path, origin.target, place))):
                salvage.without_provenance += 1
                return None
            whole_sha256, made_sha256 = hashes_of(file)
            size_bytes, at_s = file.tell(), folder.changed_at_s(PurePosixPath(place).name)
    except OSError:
        salvage.unreadable += 1
        return None
    is_edited = made_sha256 != origin.cutout_sha256
    salvage.edited += is_edited
    configured = by_name.get(origin.folder)
    source = _source_of(origin, configured)
    salvage.without_source += source is None
    return RestoredPhoto(
        identity=source or _remembered(origin, configured, output),
        # The hash of what was published: an edited cutout is somebody's own, and is never taken for ours.
        making=_making(origin, output, place, origin.cutout_sha256 if is_edited else whole_sha256, size_bytes),
        reserved=origin.target,
        published_at_s=at_s,
        is_source_there=source is not None,
    )


def _making(origin: ProvenanceRecord, output: Path, place: str, sha256: str, size_bytes: int) -> RestoredCutout:
    return RestoredCutout(
        sha256=origin.sha256,
        width=origin.width,
        height=origin.height,
        orientation=origin.orientation,
        parameters=origin.parameters,
        output=str(output),
        target=place,
        cutout_sha256=sha256,
        cutout_bytes=size_bytes,
    )


def _source_of(origin: ProvenanceRecord, folder: FolderSettings | None) -> Identity | None:
    """The present version of the source, if it is still the picture that was sent."""
    seen = stat_quietly(folder.input, origin.path) if folder is not None else None
    if folder is None or seen is None or seen.size_bytes != origin.size_bytes:
        return None
    try:
        with open_beneath(folder.input, origin.path) as file:
            is_same = has_sha256(file, origin.sha256)
    except OSError:
        return None
    return Identity(folder.name, *seen.version, str(folder.input)) if is_same else None


def _remembered(origin: ProvenanceRecord, folder: FolderSettings | None, output: Path) -> Identity:
    """In the folder's present input, if its cutouts go here: a version that came since replaces this one's cutout."""
    root = str(folder.input) if folder is not None and folder.output == output else ""
    return Identity(origin.folder, origin.path, origin.size_bytes, origin.mtime_ns, ctime_ns=0, inode=0, input=root)


def _unknown_in(ledger: ReadTransaction, folder: FolderSettings) -> int:
    """How many photos of an input tree the next run would take up."""
    scan = Scan(folder.input, Exclusions(folder.exclude), is_recursive=folder.recursive)
    seen = [sighting for sighting in scan.sightings() if has_text_form(sighting.path)]
    unknown = 0
    for start in range(0, len(seen), _PATHS_PER_QUESTION):
        batch = seen[start : start + _PATHS_PER_QUESTION]
        known = photos.known_versions(ledger, folder.name, [sighting.path for sighting in batch])
        unknown += sum(Version(s.path, s.size_bytes, s.mtime_ns, s.inode) not in known for s in batch)
    return unknown
