"""The addition of published photos to a ledger that lacks them, without contradicting its rows."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import and_, case, insert, select, update

from cutoutd.core.photo import NO_WAIT, SENT_WHOLE, Identity, Photo, SourceOutcome, SourceResult, State
from cutoutd.ledger.schema.migrations import bring_up_to_date
from cutoutd.ledger.schema.rows import identity_values, photo_from, source_values, wait_values
from cutoutd.ledger.schema.tables import IS_CURRENT, photos, targets
from cutoutd.ledger.sqlite.clean_shutdown import remove_marker
from cutoutd.ledger.sqlite.create import create_ledger_file
from cutoutd.ledger.sqlite.database import has_ledger, open_database, require_sound, translated_errors
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction
from cutoutd.ledger.writes.targets import target_key
from cutoutd.ledger.writes.transitions import add_event, end_waits_for

_ROWS_AT_ONCE = 1000

_NOTE = "restored by cutoutd rebuild"

_ABSENT = SourceOutcome(SourceResult.ABSENT, "it was not there when the ledger was rebuilt")
_IN_PLACE = dict.fromkeys(source_values(_ABSENT))


@dataclass(frozen=True, slots=True)
class RestoredCutout:
    """The making and the place of a found cutout; the names are those of the columns."""

    sha256: str
    width: int
    height: int
    orientation: int
    parameters: str
    output: str
    target: str  #: its place
    cutout_sha256: str
    cutout_bytes: int
    picture_sha256: str | None = None
    sent_within: int = SENT_WHOLE


@dataclass(frozen=True, slots=True)
class RestoredPhoto:
    """A photo with a cutout that was found."""

    identity: Identity
    making: RestoredCutout
    reserved: str  #: the target that its path keeps
    published_at_s: float  #: Unix time
    is_source_there: bool


def restore(state_dir: Path, found: Sequence[RestoredPhoto], look: Callable[[ReadTransaction], None]) -> int:
    """Add the photos that the ledger lacks in one transaction, and return their number; ``look`` may query at the end.

    Without a ledger one is created. The caller holds the instance lock. A crash leaves the ledger, or its lack, as it
    was.

    Raises:
        LedgerError, DiskError: it cannot be used.
    """
    return _restore(state_dir, found, look, is_kept=True)


def rehearse_restoring(state_dir: Path, found: Sequence[RestoredPhoto], look: Callable[[ReadTransaction], None]) -> int:
    """Do the same as ``restore``, but keep nothing."""
    if has_ledger(state_dir):
        return _restore(state_dir, found, look, is_kept=False)
    with TemporaryDirectory() as elsewhere:
        return _restore(Path(elsewhere), found, look, is_kept=True)


def _restore(
    state_dir: Path, found: Sequence[RestoredPhoto], look: Callable[[ReadTransaction], None], *, is_kept: bool
) -> int:
    numbers = []

    def fill(transaction: WriteTransaction) -> None:
        numbers.append(_add(transaction, found))
        look(transaction)

    if has_ledger(state_dir):
        _fill_existing(state_dir, fill, is_kept=is_kept)
    else:
        create_ledger_file(state_dir, lambda connection: fill(WriteTransaction(connection)))
    return numbers[0]


def _fill_existing(state_dir: Path, fill: Callable[[WriteTransaction], None], *, is_kept: bool) -> None:
    remove_marker(state_dir)
    require_sound(state_dir)
    engine = open_database(state_dir)
    try:
        with translated_errors(state_dir):
            bring_up_to_date(engine)
            with closing(engine.connect().execution_options(is_writing=True)) as connection:
                transaction = connection.begin()
                fill(WriteTransaction(connection))
                if is_kept:
                    transaction.commit()
                else:
                    transaction.rollback()
    finally:
        engine.dispose()


def _add(transaction: WriteTransaction, found: Sequence[RestoredPhoto]) -> int:
    finished = _finish(transaction, found)
    known = _Known(transaction)
    new = [photo for photo in found if known.is_news(photo)]
    for start in range(0, len(new), _ROWS_AT_ONCE):
        _insert(transaction, new[start : start + _ROWS_AT_ONCE])
    claims = [claim for photo in new if (claim := known.claim_of(photo)) is not None]
    if claims:
        transaction.execute(insert(targets), claims)
    return len(new) + finished


def _finish(transaction: WriteTransaction, found: Iterable[RestoredPhoto]) -> int:
    """Finish photos that the ledger has as unfinished or failed, if they were published since; return their number.

    It must be the very version of the file, with the same content and parameters. A photo that is made again is left.
    """
    is_unfinished = and_(
        photos.c.state.not_in([State.PUBLISHED, State.SUPERSEDED]), photos.c.previous_parameters.is_(None)
    )
    rows = transaction.execute(select(photos).where(is_unfinished))
    unfinished = {(row.folder, *photo_from(row).identity.version): photo_from(row) for row in rows}
    number = 0
    for photo in found:
        before = unfinished.get((photo.identity.folder, *photo.identity.version))
        if before is not None and photo.is_source_there and _is_of(before, photo.making):
            del unfinished[photo.identity.folder, *photo.identity.version]
            transaction.execute(update(photos).where(photos.c.id == before.id).values(_row(photo) | _NO_END))
            _tell(transaction, before.id, photo, before.state)
            end_waits_for(transaction, before)
            number += 1
    return number


def _is_of(before: Photo, making: RestoredCutout) -> bool:
    return before.picture.sha256 is None or (before.picture.sha256, before.bound.parameters) == (
        making.sha256,
        making.parameters,
    )


#: The columns of an ending or a search, which hold no longer.
_NO_END = dict.fromkeys(
    ("code", "sentence", "advice", "failed_state", "unclear_since_s", "locked_since_s", "approved_at_s")
)


class _Known:
    """The rows of the ledger and those that join them; read once, because a query for each photo takes far longer."""

    def __init__(self, transaction: WriteTransaction) -> None:
        c = photos.c
        versions = select(c.folder, c.path, c.size_bytes, c.mtime_ns, c.inode).where(IS_CURRENT)
        self._versions = {tuple(row) for row in transaction.execute(versions)}
        # The parameters of an unfinished photo do not matter, because its path has this very content already.
        way = case((c.state == State.PUBLISHED, c.parameters), else_=None)
        pictures = select(c.folder, c.path, c.sha256, way).where(c.sha256.is_not(None))
        self._pictures = {tuple(row) for row in transaction.execute(pictures)}
        claims = transaction.execute(select(targets)).all()
        self._claimants = {(claim.folder, claim.path, claim.output) for claim in claims}
        self._taken = {(claim.output, claim.target_key) for claim in claims}

    def is_news(self, photo: RestoredPhoto) -> bool:
        """Return True if neither this version nor its content with these parameters is known; both are from now on."""
        who, making = photo.identity, photo.making
        version = (who.folder, who.path, who.size_bytes, who.mtime_ns, who.inode)
        picture = (who.folder, who.path, making.sha256)
        if not self._pictures.isdisjoint({(*picture, None), (*picture, making.parameters)}):
            return False
        if photo.is_source_there and version in self._versions:
            return False  # with another content, state or parameters
        self._pictures.add((*picture, making.parameters))
        if photo.is_source_there:
            self._versions.add(version)
        return True

    def claim_of(self, photo: RestoredPhoto) -> dict[str, str] | None:
        """Return the row of the path's target; None if the path has one, or another path has this one."""
        folder, path, output = photo.identity.folder, photo.identity.path, photo.making.output
        key = target_key(photo.reserved)
        if (folder, path, output) in self._claimants or (output, key) in self._taken:
            return None
        self._claimants.add((folder, path, output))
        self._taken.add((output, key))
        return {"folder": folder, "path": path, "output": output, "target": photo.reserved, "target_key": key}


def _insert(transaction: WriteTransaction, new: Sequence[RestoredPhoto]) -> None:
    into = insert(photos).returning(photos.c.id, sort_by_parameter_order=True)
    ids = transaction.scalars(into, [_row(photo) for photo in new]).all()
    for photo_id, photo in zip(ids, new, strict=True):
        _tell(transaction, photo_id, photo, None)


def _tell(transaction: WriteTransaction, photo_id: int, photo: RestoredPhoto, before: State | None) -> None:
    row = Photo(photo_id, photo.identity, State.PUBLISHED, photo.published_at_s)
    detail: dict[str, object] = {
        "target": photo.making.target,
        "cutout_sha256": photo.making.cutout_sha256,
        "note": _NOTE,
    }
    add_event(transaction, row, before, detail)


def _row(photo: RestoredPhoto) -> dict[str, Any]:
    state = {"state": State.PUBLISHED, "state_at_s": photo.published_at_s}
    values = {**identity_values(photo.identity), **wait_values(NO_WAIT), **state, **asdict(photo.making)}
    # An absent source is not looked for. If it comes back, it is a new photo, and reuses this cutout.
    values |= {"has_lost_outcome": False, "is_source_due": False, "note": _NOTE}
    return values | (_IN_PLACE if photo.is_source_there else source_values(_ABSENT))
