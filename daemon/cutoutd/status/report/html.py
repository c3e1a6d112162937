"""The report as one HTML page that needs nothing else: it holds its pictures, no script and no outside address.

All values are escaped. Invisible characters in names are spelled out.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined

from cutoutd.config.settings import CommonSettings
from cutoutd.core.photo import Photo
from cutoutd.ledger import ReadTransaction
from cutoutd.ledger.queries import report
from cutoutd.ledger.queries.lost_launches import in_words as launch_in_words
from cutoutd.pipeline.budget.pricing import estimate_in_words, in_words
from cutoutd.status.formatting import FILTERS
from cutoutd.status.report.data import Cost, ReportData
from cutoutd.status.report.thumbnails import MAX_BYTES, MAX_PAIRS, ReportPair, pairs_of

#: Photos without a picture are listed by name up to this number; the others are counted.
_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """The published photos of the page."""

    pairs: tuple[ReportPair, ...]
    listed: tuple[Photo, ...]  #: photos without a picture
    left_out: int  #: the number of photos that are not listed


def contact_sheet(
    ledger: ReadTransaction, data: ReportData, settings: CommonSettings, step: Callable[[], None] = lambda: None
) -> ContactSheet:
    """Return the published photos: pictures of the newest, names of the next, the number of the rest."""
    newest: Iterator[Photo] = report.each_published(ledger, data.scope.range)
    first = list(islice(newest, MAX_PAIRS))
    listed = list(islice(newest, _MAX_LISTED))
    pairs = tuple(pairs_of(first, settings, step))
    listed = [*first[len(pairs) :], *listed][:_MAX_LISTED]
    return ContactSheet(pairs, tuple(listed), data.total.published - len(pairs) - len(listed))


def report_html(data: ReportData, sheet: ContactSheet) -> Iterable[str]:
    """Return the page, piece by piece."""
    environment = Environment(
        loader=PackageLoader("cutoutd.status.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, launch_in_words=launch_in_words, cost_in_words=_cost_in_words)
    bounds = {"max_pairs": MAX_PAIRS, "max_megabytes": MAX_BYTES // 1_000_000}
    return environment.get_template("report.html").generate(report=data, sheet=sheet, now_s=time.time(), **bounds)


def _cost_in_words(cost: Cost) -> str:
    return estimate_in_words(cost.bill) if cost.is_estimate else in_words(cost.bill)
