"""A folder's batch: its photos that are present, unpaid and not approved.

Too large a batch waits for a person (``limits.confirm_over``). It is counted in the transaction that would pay, so that
no launch slips through beside another. An unapproved photo says so in its own row, which a restart goes by.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, bindparam, func, select, update

from cutoutd.core.errors import UnapprovedError
from cutoutd.core.photo import NO_WAIT, Photo, State, WaitKind
from cutoutd.ledger.schema.rows import photo_from, wait_values
from cutoutd.ledger.schema.tables import IS_UNAPPROVED, photos, waits_as
from cutoutd.ledger.sqlite.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Batch:
    """The numbers of a folder's batch."""

    folder: str
    photos: int
    uploaded: int  #: the number of those that are not sent again
    held: int  #: the number of those that wait; the others come to it with their next step
    last_id: int = field(default=0, compare=False)  #: the newest of them; later ones are not meant by an approval
    first_id: int = field(default=0, compare=False)  #: the oldest of them


_ENDS = func.max(photos.c.id), func.min(photos.c.id)
_WAITS = waits_as(WaitKind.UNAPPROVED)

# Built once: every photo asks twice.
_APPROVED_AT = select(photos.c.approved_at_s).where(photos.c.id == bindparam("photo_id"))
_NUMBER_UP_TO = select(func.count()).select_from(
    select(photos.c.id)
    .where(IS_UNAPPROVED, photos.c.folder == bindparam("folder"))
    .limit(bindparam("limit"))
    .subquery()
)


def require_approved(transaction: ReadTransaction, photo: Photo, most: int | None) -> None:
    """Require that the photo is approved, or that its folder's batch is not larger than this; None allows any.

    Raises:
        UnapprovedError: neither is true; it says what to type.
    """
    if most is None or _is_approved(transaction, photo) or not _is_larger(transaction, photo.identity.folder, most):
        return
    folder = photo.identity.folder
    raise UnapprovedError(f'"{folder}" has more new photos than limits.confirm_over; type: cutoutd approve {folder}')


def batches(transaction: ReadTransaction, last_id: int | None = None) -> list[Batch]:
    """Return the batches of all folders, by folder, without photos that came after ``last_id``."""
    is_uploaded, is_held = photos.c.state == State.UPLOADED, photos.c.wait_kind == WaitKind.UNAPPROVED
    query = select(photos.c.folder, func.count(), _number_where(is_uploaded), _number_where(is_held), *_ENDS)
    query = query if last_id is None else query.where(photos.c.id <= last_id)
    rows = transaction.execute(query.where(IS_UNAPPROVED).group_by(photos.c.folder).order_by(photos.c.folder))
    return [Batch(*row) for row in rows]


def held_folders(transaction: ReadTransaction) -> list[str]:
    """Return the folders with unapproved photos that wait."""
    return list(transaction.scalars(select(photos.c.folder).where(_WAITS).distinct()))


def is_larger(transaction: ReadTransaction, folder: str, most: int | None) -> bool:
    """Return True if a folder's batch is larger than this; no batch is larger than None."""
    return most is not None and _is_larger(transaction, folder, most)


def batch_photos(transaction: ReadTransaction, folder: str, last_id: int, after_id: int, limit: int) -> list[Photo]:
    """Return the photos of a folder's batch up to ``last_id``, after another, in the order of their discovery."""
    is_meant = and_(IS_UNAPPROVED, photos.c.approved_at_s.is_(None), photos.c.folder == folder)
    query = select(photos).where(is_meant, photos.c.id > after_id, photos.c.id <= last_id)
    return [photo_from(row) for row in transaction.execute(query.order_by(photos.c.id).limit(limit))]


def approve(
    transaction: WriteTransaction, folder: str, most: int | None, at_s: float, last_id: int | None = None
) -> list[Photo]:
    """Approve a folder's batch, or its first ``most`` photos up to ``last_id``, and end their waits.

    Return the first of them at each state, where work begins.
    """
    first = select(photos.c.id).where(IS_UNAPPROVED, photos.c.folder == folder).order_by(photos.c.id).limit(most)
    agreed = photos.c.id.in_(first if last_id is None else first.where(photos.c.id <= last_id))
    heads = select(func.min(photos.c.id)).where(agreed).group_by(photos.c.state)
    found = transaction.execute(select(photos).where(photos.c.id.in_(heads))).all()
    transaction.execute(
        update(photos).where(agreed, photos.c.wait_kind == WaitKind.UNAPPROVED).values(wait_values(NO_WAIT))
    )
    transaction.execute(update(photos).where(agreed).values(approved_at_s=at_s))
    return [photo_from(row) for row in found]


def release(transaction: WriteTransaction, folder: str) -> None:
    """End the waits of a folder's unapproved photos, because its batch is small enough now."""
    transaction.execute(update(photos).where(_WAITS, photos.c.folder == folder).values(wait_values(NO_WAIT)))


def _is_approved(transaction: ReadTransaction, photo: Photo) -> bool:
    """Return True if the row is approved; the caller's photo may be from before the approval."""
    return transaction.scalar(_APPROVED_AT, {"photo_id": photo.id}) is not None


def _is_larger(transaction: ReadTransaction, folder: str, most: int) -> bool:
    """Return True if the batch is larger; count no further, because each of a hundred thousand photos may ask."""
    number: int | None = transaction.scalar(_NUMBER_UP_TO, {"folder": folder, "limit": max(0, most) + 1})
    return (number or 0) > most


def _number_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
