"""What there is to tell of a period: sums by folder, what came to nothing and why, what was launched and what it cost.

Values only; photos themselves are read one after another where they are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from cutoutd.config.settings import Price
from cutoutd.core.photo import TERMINAL, Photo, State
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import LostLaunch, ReadTransaction
from cutoutd.ledger.queries import lost_launches, report
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries.report import ReportRange
from cutoutd.pipeline.budget.pricing import Bill, bill, estimate
from cutoutd.status.report.period import Period

#: So many photos are named for each reason on the page; JSON and CSV name all.
_NAMED = 50


@dataclass(frozen=True, slots=True)
class ReportScope:
    """What the report is about."""

    period: Period
    folder: str | None  #: None: all

    @property
    def stretch(self) -> ReportRange:
        """As the ledger is asked."""
        period = self.period
        return ReportRange(period.from_s, period.to_s, period.first, period.last, self.folder)


@dataclass(frozen=True, slots=True)
class FolderSums:
    """One folder's numbers of photos."""

    name: str
    published: int
    reused: int  #: published ones that cost no removal
    rejected: int
    failed: int
    launched: int  #: removals, which is what costs
    under_way: int  #: now, whatever the period


@dataclass(frozen=True, slots=True)
class ReportTrouble:
    """Photos that came to nothing for one reason."""

    state: State
    code: str
    photos: int
    advice: str
    named: tuple[Photo, ...]  #: the newest


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent."""

    operations: Mapping[Purpose, int] | None  #: without removals' own; None: not known for one folder alone
    launched: int
    bill: Bill

    @property
    def is_estimate(self) -> bool:
        """Whether requests were not counted but reckoned from the removals."""
        return self.operations is None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A photo that may have been paid for twice, and the launches to ask Uploadcare about."""

    photo: Photo
    lost: tuple[LostLaunch, ...]


@dataclass(frozen=True, slots=True)
class ReportData:
    """All but the published photos themselves."""

    scope: ReportScope
    folders: tuple[FolderSums, ...]
    total: FolderSums
    troubles: tuple[ReportTrouble, ...]
    cost: Cost
    disputes: tuple[Dispute, ...]


def find(view: ReadTransaction, scope: ReportScope, price: Price, folders: Iterable[str]) -> ReportData:
    """Look it all up; ``folders`` are those configured, which are told of even when nothing happened in them."""
    stretch = scope.stretch
    launched, troubles = report.launched(view, stretch), _Troubles(report.each_troubled(view, stretch))
    published, under_way = report.published(view, stretch), _under_way(view)
    named = dict.fromkeys(folders) | dict.fromkeys(sorted({*published, *launched, *under_way, *troubles.folders}))
    sums = tuple(
        FolderSums(
            name=name,
            published=published[name].photos if name in published else 0,
            reused=published[name].reused if name in published else 0,
            rejected=troubles.number(name, State.REJECTED),
            failed=troubles.number(name, State.FAILED),
            launched=launched.get(name, 0),
            under_way=under_way.get(name, 0),
        )
        for name in named
        if scope.folder in {None, name}
    )
    disputes = (
        Dispute(photo, lost_launches.lost_launches_of(view, photo.id))
        for photo in report.possibly_paid_twice(view, stretch)
    )
    total = _total(sums)
    return ReportData(scope, sums, total, troubles.by_number, _cost(view, scope, price, total), tuple(disputes))


def _total(folders: Iterable[FolderSums]) -> FolderSums:
    folders = tuple(folders)

    def all_of(column: str) -> int:
        return sum(getattr(folder, column) for folder in folders)

    columns = ("published", "reused", "rejected", "failed", "launched", "under_way")
    return FolderSums("All", **{column: all_of(column) for column in columns})


def _cost(view: ReadTransaction, scope: ReportScope, price: Price, total: FolderSums) -> Cost:
    if scope.folder is not None:
        return Cost(None, total.launched, estimate(price, uploads=total.launched, removals=total.launched))
    operations = report.operations(view, scope.stretch)
    whole = bill(price, requests=sum(operations.values()), removals=total.launched)
    return Cost(operations, total.launched, whole)


def _under_way(view: ReadTransaction) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for total in photo_queries.totals(view):
        if total.state not in TERMINAL:
            numbers[total.folder] = numbers.get(total.folder, 0) + total.photos
    return numbers


class _Troubles:
    """Photos that came to nothing, read once: numbers of all, the newest of each reason by name."""

    def __init__(self, photos: Iterable[Photo]) -> None:
        self._numbers: dict[tuple[str, State], int] = {}
        found = [self._trouble(list_of) for _, list_of in groupby(photos, lambda photo: photo.ending.code)]
        self.by_number = tuple(sorted(found, key=lambda trouble: (-trouble.photos, trouble.code)))

    @property
    def folders(self) -> set[str]:
        return {folder for folder, _ in self._numbers}

    def number(self, folder: str, state: State) -> int:
        return self._numbers.get((folder, state), 0)

    def _trouble(self, photos: Iterable[Photo]) -> ReportTrouble:
        number, named = 0, list[Photo]()
        for photo in photos:
            number += 1
            key = (photo.identity.folder, photo.state)
            self._numbers[key] = self._numbers.get(key, 0) + 1
            if len(named) < _NAMED:
                named.append(photo)
        newest = named[0]
        return ReportTrouble(newest.state, newest.ending.code or "", number, newest.ending.advice or "", tuple(named))
