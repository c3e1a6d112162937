"""The validation of a finished file: one read for size, completeness, format and identity.

It neither writes nor sends. The pipeline stores the fact, and the ledger reserves the target.
"""

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import Oversize, TargetNames
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import FolderBlockedError, PlaceError, RejectedError, RejectionCode
from cutoutd.core.logs import printable
from cutoutd.core.photo import Accepted, Identity
from cutoutd.files.input_tree import LINK_ON_THE_WAY, is_occupied, open_source, reading_errors, require_unchanged
from cutoutd.files.name_trial import form_taken
from cutoutd.files.provenance import read_provenance
from cutoutd.files.target_names import MAX_NAME_BYTES, targets_of
from cutoutd.images.copies.shrink import LARGEST_SOURCE_BYTES
from cutoutd.images.picture_memory import picture_memory
from cutoutd.images.structure.orientation import UPRIGHT
from cutoutd.images.structure.png_chunks import PNG_SIGNATURE
from cutoutd.images.validation import ImageInfo, require_size, validate
from cutoutd.pipeline.steps.placed_cutout import is_placed_at
from cutoutd.pipeline.steps.upload import expected_rule

#: PATH_MAX with its closing zero: longer paths exist, but no program could open such a cutout by its path.
_MAX_PATH_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Validation:
    """The fact that acceptance stores, and the free targets of the cutout, the best one first."""

    fact: Accepted
    free_targets: tuple[str, ...]
    is_png: bool
    is_cutout_placed: bool  #: True if a cutout of this picture is in its place, which the ledger may not know


@dataclass(frozen=True, slots=True)
class _FreeTargets:
    """The free targets of a cutout, the best one first, and what a person should know about them."""

    targets: tuple[str, ...]
    note: str | None
    is_placed: bool  #: True if the cutout of this very picture is at the best one


def validate_photo(identity: Identity, folder: FolderSettings) -> Validation:
    """Validate a finished file and return its identity and picture. Blocking.

    The whole file is read once: its SHA-256 and its structure come from the same bytes. `max_size` limits it, or,
    if larger photos are shrunk, a limit of our own.

    Raises:
        RejectedError: it cannot be sent; code, sentence and advice say why.
        SupersededError: it was changed or removed meanwhile.
        DiskError: the file cannot be read for now, or the place of its cutout cannot be checked.
    """
    is_shrinking = folder.oversize is Oversize.SHRINK
    require_size(identity.size_bytes, LARGEST_SOURCE_BYTES if is_shrinking else folder.max_upload_bytes)
    with open_source(folder.input, identity) as file, reading_errors(folder.input, identity):
        content = file.read(identity.size_bytes + 1)
        is_png = content.startswith(PNG_SIGNATURE)
        if is_png and read_provenance(file) is not None:
            raise own_cutout()
    require_unchanged(folder.input, identity)
    picture = validate(content, identity.path)
    accepted = _accepted(content, picture, folder)
    needs_copy = accepted.orientation != UPRIGHT or accepted.is_disputed
    rule = expected_rule(len(content), folder, needs_copy=needs_copy)
    accepted = replace(accepted, sent_within=rule)
    free = _free_targets(identity.path, folder, accepted)
    note = "; ".join(filter(None, (picture.note, free.note))) or None
    return Validation(replace(accepted, note=note), free.targets, is_png=is_png, is_cutout_placed=free.is_placed)


async def validate_in_thread(
    identity: Identity, folder: FolderSettings, afterwards: Callable[[], None] | None = None
) -> Validation:
    """As `validate_photo`, in a thread for the folder's input; `afterwards` is done there too.

    Raises:
        TreeUnavailableError: the input or the output does not answer, besides the errors of `validate_photo`.
    """

    def work() -> Validation:
        validation = validate_photo(identity, folder)
        if afterwards is not None:
            afterwards()
        return validation

    calls, also = calls_to(folder.input), calls_to(folder.output)
    return await picture_memory.run_at(calls, identity.size_bytes, work, also=also)


def own_cutout() -> RejectedError:
    """Return the rejection of a cutout that came back into an input, whole or edited."""
    return RejectedError(
        RejectionCode.OWN_CUTOUT,
        "it is a cutout that cutoutd made; nothing is sent or paid",
        advice="Nothing to do. To have it cut out all the same, save it in a picture program and drop the new file.",
    )


def _accepted(content: bytes, picture: ImageInfo, folder: FolderSettings) -> Accepted:
    is_sideways = picture.is_sideways
    return Accepted(
        sha256=hashlib.sha256(content).hexdigest(),
        width=picture.height if is_sideways else picture.width,
        height=picture.width if is_sideways else picture.height,
        orientation=picture.orientation,
        parameters=folder.parameters.as_json(),
        output=str(folder.output),
        target="",  # the ledger reserves it, in the same transaction
        note=None,
        picture_sha256=picture.sha256,
        is_disputed=picture.is_disputed,
        colours=picture.colours,
    )


def _free_targets(path: str, folder: FolderSettings, accepted: Accepted) -> _FreeTargets:
    wanted = targets_of(path, template=folder.filename, on_conflict=folder.on_conflict)
    if not wanted:
        raise _too_long(f"the name of its cutout would be longer than {MAX_NAME_BYTES} bytes")
    form, name = form_taken(folder.output, wanted[0], folder.target_names), wanted[0]
    wanted = tuple(dict.fromkeys(map(form, wanted)))
    looks = {target: _look_at(target, folder) for target in wanted}
    placed = next((target for target, look in looks.items() if look is _TargetStatus.TAKEN), None)
    is_placed = placed is not None and is_placed_at(folder.output, placed, accepted)
    if placed is not None and is_placed:
        looks[placed] = _TargetStatus.FREE  # for this photo, because its own cutout is there
    if all(look is _TargetStatus.TOO_LONG for look in looks.values()):
        raise _too_long("the path of its cutout would be longer than the disk allows")
    free = tuple(target for target, look in looks.items() if look is _TargetStatus.FREE)
    if not free and _TargetStatus.BLOCKED in looks.values():
        # Raised now, because else it would be raised after the cutout was paid for.
        place = printable(str(folder.output / wanted[0]))
        msg = f"the cutout cannot be written to {place}: one of its folders is a file or a symbolic link"
        raise FolderBlockedError(msg)
    is_told = folder.target_names is TargetNames.KEEP and wanted[0] != name
    return _FreeTargets(free, name_note(name) if is_told else None, is_placed=is_placed)


class _TargetStatus(Enum):
    """The status of a cutout's place."""

    FREE = auto()
    TAKEN = auto()  #: by another photo's cutout, or by the user's own file
    BLOCKED = auto()  #: a file or a link stands where its folder belongs
    TOO_LONG = auto()


def _look_at(target: str, folder: FolderSettings) -> _TargetStatus:
    place = f"{folder.output}/{target}"
    if len(os.fsencode(place)) >= _MAX_PATH_BYTES:
        return _TargetStatus.TOO_LONG
    try:
        # Taken too, because the mirror of a source folder of that name would need the place sooner or later.
        is_mirror = os.access(source := f"{folder.input}/{target}", os.F_OK) and Path(source).is_dir()
        is_taken = is_mirror or is_occupied(folder.output, target)
    except OSError as error:
        if error.errno in LINK_ON_THE_WAY:
            return _TargetStatus.BLOCKED
        if error.errno == errno.ENAMETOOLONG:
            return _TargetStatus.TOO_LONG
        sentence = f"the cutout cannot be written to {printable(place)}: {error.strerror}"
        raise PlaceError(sentence) from error
    return _TargetStatus.TAKEN if is_taken else _TargetStatus.FREE


def name_note(target: str) -> str:
    """Return the note on a cutout that got another name than it would have, because its disk refuses that one."""
    return f"the disk of the output takes no name like {printable(target)}, so the cutout has a safe one"


def _too_long(sentence: str) -> RejectedError:
    return RejectedError(RejectionCode.NAME_TOO_LONG, sentence, advice="Give the photo or its folders shorter names.")
