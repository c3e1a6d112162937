"""The report for programs: JSON, and CSV for spreadsheets. Photos are written one by one as they are read.

The CSV follows RFC 4180. It begins with a byte order mark, because Excel would misread UTF-8 without it. A cell that
looks like a formula gets an apostrophe in front, because file names come from outside.
"""

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from cutoutd.core.atomic_write import replaced
from cutoutd.core.errors import DiskError
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo, State
from cutoutd.core.rights import as_owner_of
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import report
from cutoutd.status.report.data import Cost, ReportData
from cutoutd.status.status import double_charge_as_json

_COLUMNS = (
    "folder",
    "path",
    "state",
    "at",
    "width",
    "height",
    "cutout",
    "cutout_bytes",
    "reused",
    "request_id",
    "code",
    "sentence",
    "advice",
)

#: Spreadsheets begin a formula with these characters, or skip them before one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_report(file: Path, pieces: Iterable[str]) -> None:
    """Write a report as a whole, over a file of that name; only this user can read it. Blocking.

    Raises:
        DiskError: the report cannot be written; an old file remains.
    """
    try:
        with as_owner_of(file.parent), replaced(file, mode=0o600) as content:
            content.writelines(piece.encode() for piece in pieces)
    except OSError as error:
        raise DiskError(f"the report cannot be written to {file}: {error.strerror}") from error


def report_json(ledger: ReadTransaction, data: ReportData) -> Iterator[str]:
    """Return the documented, stable JSON, piece by piece, with one photo on each line."""
    summary = json.dumps(_summary(data), indent=2)
    yield summary.removesuffix("\n}") + ',\n  "photos": ['
    separator = "\n"
    for photo in _photos(ledger, data):
        yield f"{separator}    {json.dumps(_row(photo) | {'at_s': photo.state_at_s})}"
        separator = ",\n"
    yield "\n  ]\n}\n"


def report_csv(ledger: ReadTransaction, data: ReportData) -> Iterator[str]:
    """Return a row for each photo that was published, rejected or failed."""
    yield "\ufeff" + _line(_COLUMNS)
    for photo in _photos(ledger, data):
        row = _row(photo)
        yield _line(tuple(_cell(row[column]) for column in _COLUMNS))


def _photos(ledger: ReadTransaction, data: ReportData) -> Iterator[Photo]:
    span = data.scope.range
    return chain(report.each_published(ledger, span), report.each_troubled(ledger, span))


def _summary(data: ReportData) -> dict[str, Any]:
    period = data.scope.period
    return {
        "made_at_s": time.time(),
        "since": None if period.is_open else period.first.isoformat(),
        "until": period.last.isoformat(),
        "folder": data.scope.folder,
        "total": _sums(asdict(data.total)),
        "folders": {folder.name: _sums(asdict(folder)) for folder in data.folders},
        "reasons": [
            {"state": failure.state, "code": failure.code, "photos": failure.photos, "advice": failure.advice}
            for failure in data.failures
        ],
        "operations": _cost(data.cost),
        "possible_double_charges": [double_charge_as_json(charge) for charge in data.double_charges],
    }


def _sums(sums: dict[str, Any]) -> dict[str, int]:
    return {column: number for column, number in sums.items() if column != "name"}


def _cost(cost: Cost) -> dict[str, Any]:
    counted = {purpose.value: number for purpose, number in cost.operations.items()} if cost.operations else {}
    money = None if cost.bill.money is None else float(cost.bill.money)
    return {
        **counted,
        "total": cost.bill.operations,
        "is_complete": cost.bill.is_whole,
        "is_estimate": cost.is_estimate,
        "money": money,
        "currency": cost.bill.currency,
    }


def _row(photo: Photo) -> dict[str, Any]:
    is_published = photo.state is State.PUBLISHED
    return {
        "folder": photo.identity.folder,
        "path": photo.identity.path,
        "state": photo.state.value,
        "at": datetime.fromtimestamp(photo.state_at_s, UTC).astimezone().isoformat(timespec="seconds"),
        "width": photo.picture.width,
        "height": photo.picture.height,
        "cutout": photo.bound.target if is_published else None,
        "cutout_bytes": photo.cutout.size_bytes if is_published else None,
        "reused": photo.cutout.reused_from is not None if is_published else None,
        "request_id": photo.launch.request_id,
        "code": photo.ending.code,
        "sentence": photo.ending.sentence,
        "advice": photo.ending.advice,
    }


def _cell(value: object) -> str:
    text = "" if value is None else printable(str(value)) if not isinstance(value, bool) else ("yes" if value else "no")
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
