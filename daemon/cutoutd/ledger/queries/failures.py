"""The queries of the page of failures: rejected and failed photos by reason, except those with a later version."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, not_, select

from cutoutd.core.photo import Photo, State
from cutoutd.ledger.queries.gallery import has_no_newer
from cutoutd.ledger.schema.rows import photo_from
from cutoutd.ledger.schema.tables import IS_TROUBLED, photos
from cutoutd.ledger.sqlite.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class FailureReason:
    """The reason that a group of photos has in common."""

    state: State  #: rejected or failed
    code: str


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """The photos that were rejected or failed for one reason."""

    reason: FailureReason
    by_folder: tuple[tuple[str, int], ...]  #: name and number of photos, the largest number first
    first: tuple[Photo, ...]  #: the newest of them

    @property
    def photos(self) -> int:
        """The number of photos."""
        return sum(number for _, number in self.by_folder)


#: No later version of the path counts.
IS_LAST_WORD = has_no_newer(states=frozenset(State) - {State.SUPERSEDED})


def failure_groups(transaction: ReadTransaction, limit: int) -> list[FailureGroup]:
    """Return every reason with its newest photos, the most frequent reason first."""
    rows = transaction.execute(
        select(photos.c.state, photos.c.code, photos.c.folder, func.count())
        .where(IS_TROUBLED, IS_LAST_WORD)
        .group_by(photos.c.state, photos.c.code, photos.c.folder)
    )
    numbers: dict[FailureReason, dict[str, int]] = {}
    for state, code, folder, number in rows:
        numbers.setdefault(FailureReason(State(state), code), {})[folder] = number
    found = [
        FailureGroup(reason, _most_first(by_folder), tuple(of_reason(transaction, reason, limit)))
        for reason, by_folder in numbers.items()
    ]
    return sorted(found, key=lambda some: (-some.photos, some.reason.code))


def of_reason(transaction: ReadTransaction, reason: FailureReason, limit: int) -> list[Photo]:
    """Return the newest photos that were rejected or failed for a reason."""
    rows = transaction.execute(
        select(photos)
        .where(IS_TROUBLED, photos.c.code == reason.code, photos.c.state == reason.state, IS_LAST_WORD)
        .order_by(photos.c.state_at_s.desc(), photos.c.id.desc())
        .limit(limit)
    )
    return [photo_from(row) for row in rows]


def troubled_ids(transaction: ReadTransaction) -> list[int]:
    """Return the ids of all rejected and failed photos, also of those with a later version, in order."""
    return sorted(transaction.scalars(select(photos.c.id).where(IS_TROUBLED)))


def replaced_among(transaction: ReadTransaction, photo_ids: Collection[int]) -> set[int]:
    """Return those of these photos that have a later version of their path."""
    return set(transaction.scalars(select(photos.c.id).where(photos.c.id.in_(photo_ids), not_(IS_LAST_WORD))))


def photo_ids_of(
    transaction: ReadTransaction, reason: FailureReason | None, without: Collection[str] = ()
) -> tuple[int, ...]:
    """Return the ids of all photos that were rejected or failed, for one reason, or for any but these codes."""
    query = select(photos.c.id).where(IS_TROUBLED, IS_LAST_WORD, photos.c.code.not_in(without)).order_by(photos.c.id)
    if reason is not None:
        query = query.where(photos.c.code == reason.code, photos.c.state == reason.state)
    return tuple(transaction.scalars(query))


def _most_first(by_folder: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(by_folder.items(), key=lambda item: (-item[1], item[0])))
