"""The rebuild of a lost ledger from the cutouts in the output trees.

Each cutout records its source (``provenance``). The rebuild compares hashes with cutouts and present sources, and
passes the photos to the ledger. It sends nothing, and changes no cutout and no source.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import DiskError
from cutoutd.core.photo import Identity, Version
from cutoutd.files.hashing import has_sha256
from cutoutd.files.input_tree import open_beneath, stat_quietly
from cutoutd.files.mounts import read_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.files.output_tree import OpenFolder, folders_in
from cutoutd.files.provenance import ProvenanceRecord, hashes_of, provenance_keys, read_provenance
from cutoutd.ledger import ReadTransaction, has_ledger, has_text_form, hold_ledger
from cutoutd.ledger.queries import known_files
from cutoutd.ledger.recovery.rebuild import RestoredCutout, RestoredPhoto, rehearse_restoring, restore
from cutoutd.watch.scanner import Scan
from cutoutd.watch.trees.tree_claims import claimed_trees
from cutoutd.watch.trees.tree_overlap import TreesNow, trees_now

#: The number of paths in one query of the ledger.
_PATHS_PER_QUERY = 500


@dataclass(slots=True)
class RebuildResult:
    """The numbers of a rebuild."""

    examined: int = 0  #: PNG files in the output trees
    restored: int = 0
    known: int = 0  #: already in the ledger, or a second copy
    edited: int = 0  #: edited cutouts count as paid for, but are never reused for copies of their photos
    without_source: int = 0  #: photos that are gone or have changed
    unsigned: int = 0  #: cutouts with a record that is not signed by this installation, and was not believed
    trusts_unsigned: bool = False  #: True: unsigned ones are believed, because a person asked for it
    can_verify: bool = True  #: False: there is no key to verify signatures with
    without_provenance: int = 0  #: PNG files without a record of their source
    unreadable: int = 0
    unreadable_folders: list[str] = field(default_factory=list)  #: their names; all in them is left out
    unknown_photos: int = 0  #: photos in the input trees that the ledger does not know now
    outputs: list[Path] = field(default_factory=list)


def outputs_without_ledger(settings: CommonSettings) -> list[Path]:
    """Return outputs that are not empty although there is no ledger, because it may have been lost.

    Raises:
        LedgerError: this user may not read the state folder.
    """
    if has_ledger(settings.state_dir):
        return []
    return sorted({folder.output for folder in settings.folders if _is_filled(folder.output)})


def _is_filled(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False  # because it does not exist yet, or this user may not read it


def rebuild(
    settings: CommonSettings, on_file: Callable[[int], None], *, dry_run: bool, trusts_unsigned: bool = False
) -> RebuildResult:
    """Restore the photos of all cutouts in the output trees.

    Blocking; the caller needs no lock. A crash leaves the ledger, or its absence, unchanged.

    Args:
        settings: the folders and the state folder.
        on_file: gets the number of files examined so far.
        dry_run: count, and store nothing.
        trusts_unsigned: believe cutouts without a valid signature, too.

    Raises:
        TreesInUseError: another instance works on the same folders.
        LedgerError, DiskError: another instance runs, the ledger cannot be used, or an output does not exist.
    """
    outputs = sorted({folder.output for folder in settings.folders})
    result = RebuildResult(
        outputs=outputs, trusts_unsigned=trusts_unsigned, can_verify=trusts_unsigned or provenance_keys.can_verify
    )
    if dry_run and not has_ledger(settings.state_dir):
        return _rebuild(settings, result, on_file, rehearse_restoring)
    _make_folder(settings.state_dir)
    with hold_ledger(settings.state_dir), claimed_trees(_trees_of(settings)):
        return _rebuild(settings, result, on_file, rehearse_restoring if dry_run else restore)


def _trees_of(settings: CommonSettings) -> TreesNow:
    with suppress(OSError):
        return trees_now(settings, read_mounts())
    return {}


def _make_folder(state_dir: Path) -> None:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DiskError(f"{state_dir} cannot be made: {error.strerror}") from error


def _rebuild(
    settings: CommonSettings,
    result: RebuildResult,
    on_file: Callable[[int], None],
    store: Callable[[Path, Sequence[RestoredPhoto], Callable[[ReadTransaction], None]], int],
) -> RebuildResult:
    by_name = {folder.name: folder for folder in settings.folders}
    found = []
    for output in result.outputs:
        for path, folder in _png_files_in(output, result.unreadable_folders):
            result.examined += 1
            on_file(result.examined)
            if (restored := _read_cutout(output, path, folder, by_name, result)) is not None:
                found.append(restored)
    # Put cutouts at their own path first, else a copy in another place would take their part.
    found.sort(key=lambda photo: photo.making.target != photo.reserved)

    def count_unknown(ledger: ReadTransaction) -> None:
        result.unknown_photos = sum(_count_unknown(ledger, folder) for folder in settings.folders)

    result.restored = store(settings.state_dir, found, count_unknown)
    result.known = len(found) - result.restored
    return result


def _png_files_in(output: Path, unreadable: list[str]) -> Iterator[tuple[str, OpenFolder]]:
    for path, folder, names in folders_in(output, lambda error: unreadable.append(str(error.filename))):
        for name in sorted(names):
            if name.lower().endswith(".png") and not name.startswith(TEMPORARY_PREFIX) and folder.has_file(name):
                yield str(PurePosixPath(path, name)), folder


def _read_cutout(
    output: Path, path: str, folder: OpenFolder, by_name: dict[str, FolderSettings], result: RebuildResult
) -> RestoredPhoto | None:
    try:
        with folder.open(PurePosixPath(path).name) as file:
            provenance = read_provenance(file)
            if provenance is None or not all(map(has_text_form, (provenance.path, provenance.target, path))):
                result.without_provenance += 1
                return None
            if not (result.trusts_unsigned or provenance_keys.have_signed(provenance)):
                result.unsigned += 1
                return None
            file_sha256, published_sha256 = hashes_of(file)
            size_bytes, at_s = file.tell(), folder.changed_at_s(PurePosixPath(path).name)
    except OSError:
        result.unreadable += 1
        return None
    is_edited = published_sha256 != provenance.cutout_sha256
    result.edited += is_edited
    folder_settings = by_name.get(provenance.folder)
    source = _present_source(provenance, folder_settings)
    result.without_source += source is None
    return RestoredPhoto(
        identity=source or _stored_identity(provenance, folder_settings, output),
        # Use the published hash, because an edited cutout belongs to the user and must never count as ours.
        making=_cutout_of(provenance, output, path, provenance.cutout_sha256 if is_edited else file_sha256, size_bytes),
        reserved=provenance.target,
        published_at_s=at_s,
        is_source_there=source is not None,
    )


def _cutout_of(provenance: ProvenanceRecord, output: Path, path: str, sha256: str, size_bytes: int) -> RestoredCutout:
    return RestoredCutout(
        sha256=provenance.sha256,
        width=provenance.width,
        height=provenance.height,
        orientation=provenance.orientation,
        parameters=provenance.parameters,
        output=str(output),
        target=path,
        cutout_sha256=sha256,
        cutout_bytes=size_bytes,
        picture_sha256=provenance.picture_sha256,
        sent_within=provenance.sent_within,
    )


def _present_source(provenance: ProvenanceRecord, folder: FolderSettings | None) -> Identity | None:
    """Return the present version of the source if it still has the content that was sent."""
    seen = stat_quietly(folder.input, provenance.path) if folder is not None else None
    if folder is None or seen is None or seen.size_bytes != provenance.size_bytes:
        return None
    try:
        with open_beneath(folder.input, provenance.path) as file:
            is_same = has_sha256(file, provenance.sha256)
    except OSError:
        return None
    return Identity(folder.name, *seen.version, str(folder.input)) if is_same else None


def _stored_identity(provenance: ProvenanceRecord, folder: FolderSettings | None, output: Path) -> Identity:
    """Return the identity from the cutout, in the folder's present input if the folder still uses this output.

    A newer version of the source then replaces this cutout.
    """
    root = str(folder.input) if folder is not None and folder.output == output else ""
    return Identity(
        provenance.folder, provenance.path, provenance.size_bytes, provenance.mtime_ns, ctime_ns=0, inode=0, input=root
    )


def _count_unknown(ledger: ReadTransaction, folder: FolderSettings) -> int:
    """Count the photos of an input tree that the next run would discover."""
    scan = Scan(folder.input, Exclusions.of(folder), is_recursive=folder.recursive)
    seen = list(scan.sightings())
    unknown = 0
    for start in range(0, len(seen), _PATHS_PER_QUERY):
        batch = seen[start : start + _PATHS_PER_QUERY]
        known = known_files.known_files(ledger, folder.name, [sighting.path for sighting in batch])
        unknown += sum(Version(s.path, s.size_bytes, s.mtime_ns, s.inode) not in known.versions for s in batch)
    return unknown
