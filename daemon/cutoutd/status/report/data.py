"""The data of a report: sums by folder, failures with their reasons, launches, and costs.

The published photos are not part of it, because they are read one by one when they are written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from cutoutd.config.settings import Price
from cutoutd.core.photo import TERMINAL, Photo, State
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import lost_launches, report
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries.report import ReportRange
from cutoutd.pipeline.budget.pricing import Bill, bill, estimate
from cutoutd.status.report.period import Period
from cutoutd.status.status import PossibleDoubleCharge

#: The page names this many photos for each reason; JSON and CSV name all.
_MAX_NAMED = 50


@dataclass(frozen=True, slots=True)
class ReportScope:
    """The days and the folder that a report covers."""

    period: Period
    folder: str | None  #: None: all folders

    @property
    def range(self) -> ReportRange:
        """The same, for the ledger's queries."""
        period = self.period
        return ReportRange(period.from_s, period.to_s, period.first, period.last, self.folder)


@dataclass(frozen=True, slots=True)
class FolderSums:
    """The numbers of one folder."""

    name: str
    published: int
    reused: int  #: published photos that cost no removal
    rejected: int
    failed: int
    launched: int  #: launched removals, which are the cost
    under_way: int  #: at this moment, whatever the period


@dataclass(frozen=True, slots=True)
class ReportFailure:
    """The photos that were rejected or failed for one reason."""

    state: State
    code: str
    photos: int
    advice: str
    named: tuple[Photo, ...]  #: the newest photos


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of the period."""

    operations: Mapping[Purpose, int] | None  #: without those of the removals; None: unknown for a single folder
    launched: int
    bill: Bill

    @property
    def is_estimate(self) -> bool:
        """True if the requests are estimated from the removals, because they are only counted for all folders."""
        return self.operations is None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything but the published photos."""

    scope: ReportScope
    folders: tuple[FolderSums, ...]
    total: FolderSums
    failures: tuple[ReportFailure, ...]
    cost: Cost
    double_charges: tuple[PossibleDoubleCharge, ...]


def load_report(ledger: ReadTransaction, scope: ReportScope, price: Price, folders: Iterable[str]) -> ReportData:
    """Return the data of a report.

    Args:
        ledger: the ledger.
        scope: the days and the folder.
        price: turns operations into money.
        folders: the configured folders, which get a row even if nothing happened in them.
    """
    span = scope.range
    launched, failures = report.launched(ledger, span), _Failures(report.each_troubled(ledger, span))
    published, under_way = report.published(ledger, span), _under_way(ledger)
    named = dict.fromkeys(folders) | dict.fromkeys(sorted({*published, *launched, *under_way, *failures.folders}))
    sums = tuple(
        FolderSums(
            name=name,
            published=published[name].photos if name in published else 0,
            reused=published[name].reused if name in published else 0,
            rejected=failures.number(name, State.REJECTED),
            failed=failures.number(name, State.FAILED),
            launched=launched.get(name, 0),
            under_way=under_way.get(name, 0),
        )
        for name in named
        if scope.folder in {None, name}
    )
    double_charges = (
        PossibleDoubleCharge(photo, lost_launches.lost_launches_of(ledger, photo.id))
        for photo in report.possibly_paid_twice(ledger, span)
    )
    total = _total(sums)
    return ReportData(scope, sums, total, failures.by_number, _cost(ledger, scope, price, total), tuple(double_charges))


def _total(folders: Iterable[FolderSums]) -> FolderSums:
    folders = tuple(folders)

    def all_of(column: str) -> int:
        return sum(getattr(folder, column) for folder in folders)

    columns = ("published", "reused", "rejected", "failed", "launched", "under_way")
    return FolderSums("All", **{column: all_of(column) for column in columns})


def _cost(ledger: ReadTransaction, scope: ReportScope, price: Price, total: FolderSums) -> Cost:
    if scope.folder is not None:
        return Cost(None, total.launched, estimate(price, uploads=total.launched, removals=total.launched))
    operations = report.operations(ledger, scope.range)
    whole = bill(price, requests=sum(operations.values()), removals=total.launched)
    return Cost(operations, total.launched, whole)


def _under_way(ledger: ReadTransaction) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for total in photo_queries.totals(ledger):
        if total.state not in TERMINAL:
            numbers[total.folder] = numbers.get(total.folder, 0) + total.photos
    return numbers


class _Failures:
    """Reads the rejected and failed photos once: it counts all and keeps the newest of each reason."""

    def __init__(self, photos: Iterable[Photo]) -> None:
        self._numbers: dict[tuple[str, State], int] = {}
        found = [self._failure(group) for _, group in groupby(photos, lambda photo: photo.ending.code)]
        self.by_number = tuple(sorted(found, key=lambda failure: (-failure.photos, failure.code)))

    @property
    def folders(self) -> set[str]:
        return {folder for folder, _ in self._numbers}

    def number(self, folder: str, state: State) -> int:
        return self._numbers.get((folder, state), 0)

    def _failure(self, photos: Iterable[Photo]) -> ReportFailure:
        number, named = 0, list[Photo]()
        for photo in photos:
            number += 1
            key = (photo.identity.folder, photo.state)
            self._numbers[key] = self._numbers.get(key, 0) + 1
            if len(named) < _MAX_NAMED:
                named.append(photo)
        newest = named[0]
        return ReportFailure(newest.state, newest.ending.code or "", number, newest.ending.advice or "", tuple(named))
