"""The report as one HTML page that needs nothing else: pictures inside, no script, no address to load from.

Everything that is filled in is escaped, and names are shown as terminals show them, with what is invisible spelled out.
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
from cutoutd.status.report.thumbnails import MOST_BYTES, MOST_PAIRS, ReportPair, pairs_of

#: So many photos beyond the pictures are listed by name; the rest is a number.
_MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Sheet:
    """The published photos as the page shows them."""

    pairs: tuple[ReportPair, ...]
    listed: tuple[Photo, ...]  #: without a picture
    left_out: int  #: not even listed


def sheet_of(
    view: ReadTransaction, findings: ReportData, settings: CommonSettings, step: Callable[[], None] = lambda: None
) -> Sheet:
    """Draw the newest, list the next, count the rest."""
    newest: Iterator[Photo] = report.each_published(view, findings.scope.stretch)
    first = list(islice(newest, MOST_PAIRS))
    listed = list(islice(newest, _MOST_LISTED))
    pairs = tuple(pairs_of(first, settings, step))
    listed = [*first[len(pairs) :], *listed][:_MOST_LISTED]
    return Sheet(pairs, tuple(listed), findings.total.published - len(pairs) - len(listed))


def page_of(findings: ReportData, sheet: Sheet) -> Iterable[str]:
    """The page, piece by piece."""
    environment = Environment(
        loader=PackageLoader("cutoutd.status.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, launch_in_words=launch_in_words, cost_in_words=_cost_in_words)
    bounds = {"most_pairs": MOST_PAIRS, "most_megabytes": MOST_BYTES // 1_000_000}
    return environment.get_template("report.html").generate(found=findings, sheet=sheet, now_s=time.time(), **bounds)


def _cost_in_words(cost: Cost) -> str:
    return estimate_in_words(cost.bill) if cost.is_estimate else in_words(cost.bill)
