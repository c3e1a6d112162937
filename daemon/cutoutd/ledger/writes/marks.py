"""Changes of rows that are no facts: waits that end together, and the files of photos."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import and_, bindparam, exists, func, insert, not_, or_, select, update

from cutoutd.core.photo import NO_WAIT, PAID_FOR, UNPAID, Identity, Photo, Picture, SourceOutcome, WaitKind
from cutoutd.ledger.schema.rows import identity_values, source_values, wait_values
from cutoutd.ledger.schema.tables import IS_CURRENT, events, memory, photos, waits_as
from cutoutd.ledger.sqlite.transactions import Prepared, WriteTransaction
from cutoutd.ledger.writes.transitions import add_event

#: The rows that one transaction changes of a whole folder, because facts wait for it.
_ROWS_AT_ONCE = 5000

#: The name of a damaged fetch in the detail of its event.
_DAMAGED = "damaged"

_LEARN_CTIME = Prepared(
    update(photos)
    .where(photos.c.id == bindparam("photo_id"), photos.c.ctime_ns == 0)
    .values(ctime_ns=bindparam("ctime"))
)


def release_held(transaction: WriteTransaction, most: int, closed_folders: Collection[str] = ()) -> None:
    """End the waits of the first ``most`` held photos; a photo over a limit is held again by its next step."""
    is_held = and_(waits_as(WaitKind.HELD), photos.c.folder.not_in(closed_folders))
    first = select(photos.c.id).where(is_held).order_by(photos.c.id).limit(most)
    transaction.execute(update(photos).where(photos.c.id.in_(first)).values(wait_values(NO_WAIT)))


def release_duplicates(transaction: WriteTransaction) -> None:
    """End the waits for photos that are not paid for yet, because they may pay no more."""
    payers = photos.alias("payers")
    unpaid = select(payers.c.id).where(
        payers.c.id == photos.c.wait_for, payers.c.state.in_([state.value for state in UNPAID])
    )
    waiting = update(photos).where(waits_as(WaitKind.DUPLICATE), exists(unpaid))
    transaction.execute(waiting.values(wait_values(NO_WAIT)))


def release_unavailable(transaction: WriteTransaction, folder: str | None) -> None:
    """End the waits of the unavailable photos of a folder, or of all folders."""
    away = update(photos).where(waits_as(WaitKind.UNAVAILABLE))
    transaction.execute((away.where(photos.c.folder == folder) if folder else away).values(wait_values(NO_WAIT)))


def release_placeless(transaction: WriteTransaction, folder: str) -> None:
    """End the waits of a folder's photos for a place of their cutouts."""
    placeless = update(photos).where(waits_as(WaitKind.PLACE), photos.c.folder == folder)
    transaction.execute(placeless.values(wait_values(NO_WAIT)))


def store_picture_hash(transaction: WriteTransaction, picture: Picture) -> None:
    """Give the hash of a picture to the rows of an earlier version that have the hash of its file.

    A row that is being paid for gets none while another one of that picture is: both were paid for already.
    """
    is_lacking = and_(photos.c.sha256 == picture.sha256, photos.c.picture_sha256.is_(None))
    other = photos.alias()
    is_paid_for = [state.value for state in PAID_FOR]
    is_in_the_way = exists().where(
        other.c.picture_sha256 == picture.picture_sha256,
        other.c.parameters == photos.c.parameters,
        other.c.state.in_(is_paid_for),
    )
    is_free = or_(photos.c.state.not_in(is_paid_for), not_(is_in_the_way))
    transaction.execute(update(photos).where(is_lacking, is_free).values(picture_sha256=picture.picture_sha256))


def mark_touched(transaction: WriteTransaction, photo_ids: Collection[int], at_s: float | None) -> None:
    """Store that the files of these photos have to be compared with what is known; None: no longer."""
    transaction.execute(update(photos).where(photos.c.id.in_(photo_ids)).values(touched_at_s=at_s))


def learn_ctimes(transaction: WriteTransaction, ctimes_ns: Mapping[int, int]) -> None:
    """Store the ctimes of photos, by photo, where none was known."""
    for photo_id, ctime_ns in ctimes_ns.items():
        transaction.run(_LEARN_CTIME, {"photo_id": photo_id, "ctime": ctime_ns})


def refresh_version(transaction: WriteTransaction, photo: Photo, identity: Identity) -> None:
    """Store the present times and inode of a photo's file, unless another photo has them."""
    has_them = exists().where(
        IS_CURRENT,
        photos.c.folder == identity.folder,
        photos.c.path == identity.path,
        photos.c.size_bytes == identity.size_bytes,
        photos.c.mtime_ns == identity.mtime_ns,
        photos.c.inode == identity.inode,
        photos.c.ctime_ns == identity.ctime_ns,
        photos.c.id != photo.id,
    )
    if not transaction.scalar(select(has_them)):
        transaction.execute(update(photos).where(photos.c.id == photo.id).values(identity_values(identity)))
    mark_touched(transaction, [photo.id], None)


def move_input(transaction: WriteTransaction, folder: str, before: str, now: str, after_id: int) -> int | None:
    """Store that a folder's input tree has moved, for one page of photos; return where the next begins, or None."""
    last_id = after_id + _ROWS_AT_ONCE
    is_page = and_(photos.c.id > after_id, photos.c.id <= last_id)
    # concat, else an index of the folder would give all of its photos.
    moved = update(photos).where(is_page, photos.c.folder.concat("") == folder, photos.c.input == before)
    transaction.execute(moved.values(input=now))
    return last_id if (transaction.scalar(select(func.max(photos.c.id))) or 0) > last_id else None


def remember(transaction: WriteTransaction, key: str, value: str, at_s: float) -> None:
    """Store a value that outlives a restart, in place of an earlier one."""
    changed = transaction.execute(update(memory).where(memory.c.key == key).values(value=value, at_s=at_s))
    if changed.rowcount == 0:
        transaction.execute(insert(memory).values(key=key, value=value, at_s=at_s))


def mark_source_done(transaction: WriteTransaction, photo: Photo, outcome: SourceOutcome | None, at_s: float) -> None:
    """Store that nothing is left to be done to the source; the sentence of its outcome joins the photo's history."""
    values: dict[str, object] = {"is_source_due": False}
    if outcome is not None and outcome.result is not None:
        values |= source_values(outcome)
    transaction.execute(update(photos).where(photos.c.id == photo.id).values(values))
    if outcome is not None:
        add_event(transaction, replace(photo, state_at_s=at_s), photo.state, {"sentence": outcome.sentence})


def approve_cutout(transaction: WriteTransaction, photo: Photo, at_s: float) -> None:
    """Store that a doubt about a cutout is ended by a person."""
    transaction.execute(update(photos).where(photos.c.id == photo.id).values(doubt=None, source_sentence=None))
    add_event(transaction, replace(photo, state_at_s=at_s), photo.state, {"sentence": "its cutout was approved"})


def note_damage(transaction: WriteTransaction, photo: Photo, sentence: str, at_s: float) -> int:
    """Add a fetch that arrived damaged to the photo's history; return their number since its last fact."""
    add_event(transaction, replace(photo, state_at_s=at_s), photo.state, {_DAMAGED: sentence})
    is_photos = events.c.photo_id == photo.id
    is_fact = or_(events.c.from_state.is_(None), events.c.from_state != events.c.to_state)
    last_fact = select(func.max(events.c.id)).where(is_photos, is_fact).scalar_subquery()
    is_damage = events.c.detail.startswith(f'{{"{_DAMAGED}"', autoescape=True)
    return transaction.scalar(select(func.count()).where(is_photos, events.c.id > last_fact, is_damage)) or 0


def mark_source_missing(transaction: WriteTransaction, photo_ids: Collection[int], at_s: float | None) -> None:
    """Store since when the sources of these photos are missing; None: they are there again."""
    transaction.execute(update(photos).where(photos.c.id.in_(photo_ids)).values(source_missing_since_s=at_s))


def mark_kept(transaction: WriteTransaction, result_uuids: Collection[str]) -> None:
    """Store that Uploadcare was told to store these results."""
    transaction.execute(
        update(photos).where(photos.c.result_uuid.in_(result_uuids)).values(kept_uuid=photos.c.result_uuid)
    )
