"""Writing photos that were published into a ledger that does not know them, without contradicting what it knows."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select
from sqlalchemy.exc import IntegrityError

from cutoutd.ledger.database import has_ledger, open_database, require_sound, translated_errors
from cutoutd.ledger.facts import add_event, target_key
from cutoutd.ledger.founding import found_ledger
from cutoutd.ledger.migrations import bring_up_to_date
from cutoutd.ledger.records import identity_values, wait_values
from cutoutd.ledger.schema import photos, targets
from cutoutd.photo import NO_WAIT, Identity, Photo, State


@dataclass(frozen=True, slots=True)
class Making:
    """What is known of how a cutout was made and of where it lies; the names are the columns'."""

    sha256: str
    width: int
    height: int
    orientation: int
    parameters: str
    output: str
    target: str  #: where it lies
    cutout_sha256: str
    cutout_bytes: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A photo whose cutout was found."""

    identity: Identity
    making: Making
    reserved: str  #: the target that its path keeps
    published_at_s: float  #: Unix time
    is_source_there: bool


def restore(state_dir: Path, found: Sequence[Restored], look: Callable[[Connection], None]) -> int:
    """Add what the ledger lacks, in one transaction; how many photos that was. ``look`` may ask questions at the end.

    Without a ledger one is made. The caller holds the instance lock. A crash leaves the ledger, or its lack, as it was.

    Raises:
        LedgerError, DiskError: it cannot be used.
    """
    return _restore(state_dir, found, look, is_kept=True)


def rehearse_restoring(state_dir: Path, found: Sequence[Restored], look: Callable[[Connection], None]) -> int:
    """As ``restore``, with nothing kept."""
    if has_ledger(state_dir):
        return _restore(state_dir, found, look, is_kept=False)
    with TemporaryDirectory() as elsewhere:
        return _restore(Path(elsewhere), found, look, is_kept=True)


def _restore(state_dir: Path, found: Sequence[Restored], look: Callable[[Connection], None], *, is_kept: bool) -> int:
    numbers = []

    def fill(connection: Connection) -> None:
        numbers.append(_add(connection, found))
        look(connection)

    if has_ledger(state_dir):
        _fill_existing(state_dir, fill, is_kept=is_kept)
    else:
        found_ledger(state_dir, fill)
    return numbers[0]


def _fill_existing(state_dir: Path, fill: Callable[[Connection], None], *, is_kept: bool) -> None:
    require_sound(state_dir)
    engine = open_database(state_dir)
    try:
        with translated_errors(state_dir):
            bring_up_to_date(engine)
            with closing(engine.connect().execution_options(is_writing=True)) as connection:
                transaction = connection.begin()
                fill(connection)
                if is_kept:
                    transaction.commit()
                else:
                    transaction.rollback()
    finally:
        engine.dispose()


def _add(connection: Connection, found: Iterable[Restored]) -> int:
    return sum(_is_added(connection, photo) for photo in found if not _is_known(connection, photo))


def _is_known(connection: Connection, photo: Restored) -> bool:
    """Whether the path has this very picture, cut out in this way, at whatever state."""
    same = and_(
        photos.c.folder == photo.identity.folder,
        photos.c.path == photo.identity.path,
        photos.c.sha256 == photo.making.sha256,
        or_(photos.c.parameters == photo.making.parameters, photos.c.state != State.PUBLISHED),
    )
    return connection.scalar(select(photos.c.id).where(same).limit(1)) is not None


def _is_added(connection: Connection, photo: Restored) -> bool:
    state = {"state": State.PUBLISHED, "state_at_s": photo.published_at_s}
    values = {**identity_values(photo.identity), **wait_values(NO_WAIT), **state, **asdict(photo.making)}
    values |= {"has_lost_outcome": False, "is_source_due": False, "note": "restored by cutoutd rebuild"}
    if not photo.is_source_there:
        # So that nobody looks for it; should it come back, it is a new photo, and reuses this cutout.
        values["source_fate"] = "it was not there when the ledger was rebuilt"
    try:
        with connection.begin_nested():
            photo_id = connection.execute(insert(photos).values(values).returning(photos.c.id)).scalar_one()
            _reserve(connection, photo)
    except IntegrityError:
        return False  # this version of the file is known, with another content or state
    row = Photo(id=photo_id, identity=photo.identity, state=State.PUBLISHED, state_at_s=photo.published_at_s)
    add_event(connection, row, None, {"target": photo.making.target, "note": values["note"]})
    return True


def _reserve(connection: Connection, photo: Restored) -> None:
    """The path's target, unless it has one or another path has it."""
    key = target_key(photo.reserved)
    claim: dict[str, Any] = {
        "folder": photo.identity.folder,
        "path": photo.identity.path,
        "output": photo.making.output,
    }
    is_mine = and_(*(targets.c[name] == value for name, value in claim.items()))
    is_taken = and_(targets.c.output == photo.making.output, targets.c.target_key == key)
    if connection.scalar(select(targets.c.target).where(or_(is_mine, is_taken)).limit(1)) is None:
        connection.execute(insert(targets).values(**claim, target=photo.reserved, target_key=key))
