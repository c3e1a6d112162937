"""A cutout that is in its place already, and that a ledger restored from a backup does not know.

The provenance of the file is the evidence, if it is signed: it names the picture and the parameters. Such a photo was
paid for.
"""

from pathlib import Path
from typing import BinaryIO

from cutoutd.core.photo import Accepted, BoundSettings, Doubt, Photo, Published, require_value
from cutoutd.files.input_tree import open_beneath
from cutoutd.files.provenance import ProvenanceRecord, hashes_of, provenance_keys, read_provenance
from cutoutd.images.structure.png_check import PngCheck
from cutoutd.pipeline.steps.delivery.doubts import doubts_about, most_pixels

_BLOCK_BYTES = 1 << 20

_NOTE = "nothing paid: its cutout was in its place already"


def placed_cutout(photo: Photo) -> Published | None:
    """Return the fact that an accepted photo's cutout is in its place; None if it is not, or is unknown. Blocking.

    An edited cutout counts as paid for. It is stored with the hash that it had, so that it never counts as ours.
    """
    if photo.cutout.previous_parameters is not None:
        return None  # a person wants a new one
    output, target = Path(require_value(photo.bound.output)), require_value(photo.bound.target)
    try:
        with open_beneath(output, target) as file:
            record = read_provenance(file)
            if record is None or not _is_of(photo, record):
                return None
            file_sha256, made_sha256 = hashes_of(file)
            size_bytes = file.tell()
            doubt = _doubt_about(photo, file) if made_sha256 == record.cutout_sha256 else Doubt.EDITED
    except OSError:
        return None
    sha256 = file_sha256 if made_sha256 == record.cutout_sha256 else record.cutout_sha256
    note = f"{photo.note}; {_NOTE}" if photo.note else _NOTE
    return Published(cutout_sha256=sha256, cutout_bytes=size_bytes, target=target, note=note, doubt=doubt)


def _doubt_about(photo: Photo, file: BinaryIO) -> Doubt | None:
    """Return the gravest doubt about a cutout, because its source may be deleted for it."""
    check = PngCheck(most_pixels(photo))
    file.seek(0)
    try:
        while block := file.read(_BLOCK_BYTES):
            check.feed(block)
        doubts = doubts_about(photo, check.finish())
    except ValueError:
        return Doubt.UNVERIFIED
    return doubts[0].doubt if doubts else None


def is_placed_at(output: Path, target: str, accepted: Accepted) -> bool:
    """Return True if the file at a place says that it is the cutout of an accepted picture. Blocking."""
    try:
        with open_beneath(output, target) as file:
            record = read_provenance(file)
    except OSError:
        return False
    bound = BoundSettings(accepted.parameters, sent_within=accepted.sent_within)
    return record is not None and _is_made_of(record, accepted.sha256, accepted.picture_sha256, bound)


def _is_of(photo: Photo, record: ProvenanceRecord) -> bool:
    picture = photo.picture
    return _is_made_of(record, require_value(picture.sha256), picture.picture_sha256, photo.bound)


def _is_made_of(record: ProvenanceRecord, sha256: str, picture_sha256: str | None, bound: BoundSettings) -> bool:
    is_same = sha256 == record.sha256 or (picture_sha256 is not None and picture_sha256 == record.picture_sha256)
    # Signed, because every writer of the output could else end a photo with any file.
    is_made_so = (bound.parameters, bound.sent_within) == (record.parameters, record.sent_within)
    return is_same and is_made_so and provenance_keys.have_signed(record)
