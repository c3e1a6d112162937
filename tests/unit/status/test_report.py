"""Reports: which days, which photos, what is said of them, and that nobody's file name does anything in them."""

import csv
import io
import json
import re
import time
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cutoutd.config.settings import Price
from cutoutd.core.errors import DiskError
from cutoutd.core.photo import LaunchOutcomeUnknown, LaunchResponseLost, RemovalIntended, RemovalStarted, State
from cutoutd.ledger import Ledger, read_ledger
from cutoutd.ledger.queries import report
from cutoutd.ledger.queries.report import ReportRange
from cutoutd.status.report.data import ReportData, ReportScope, load_report
from cutoutd.status.report.export import report_csv, report_json, write_report
from cutoutd.status.report.html import ContactSheet, report_html
from cutoutd.status.report.period import Period, parse_period
from cutoutd.status.report.thumbnails import ReportPair, ReportPicture
from support.golden import assert_golden
from support.ledgers import identity, in_database, photo_at, plan_of, with_ledger
from support.page_text import text_of

TODAY = date(2026, 11, 22)
EVER = ReportScope(Period(date(2000, 1, 1), date(9000, 1, 1), is_open=True), None)
HOSTILE = (
    "<script>alert(1)</script>.jpg",
    "\"' onerror='x.jpg",
    "\udcff\x1b[31m.jpg",
    "sub/\u202egpj.jpg",
    "=1+1.jpg",
    "@SUM(A1).jpg",
)


class Seen(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def filled(state_dir: Path, *published: str) -> None:
    """A ledger with these published photos, one rejected, one failed, and one that was paid for again."""

    async def scene(ledger: Ledger) -> None:
        for path in published:
            await photo_at(ledger, State.PUBLISHED, identity(path))
        await photo_at(ledger, State.REJECTED, identity("empty.jpg", folder="people"))
        await photo_at(ledger, State.FAILED, identity("fog.jpg"))
        photo = await photo_at(ledger, State.REMOVAL_INTENDED, identity("twice.jpg"))
        photo = await ledger.record(photo, LaunchResponseLost(1.0, "502 Bad Gateway"))
        photo = await ledger.record(photo, LaunchOutcomeUnknown(1.0))
        photo = await ledger.record(photo, RemovalIntended())
        await ledger.record(photo, RemovalStarted("second-request"))

    with_ledger(state_dir, scene)


def found_in(state_dir: Path, scope: ReportScope = EVER, price: Price | None = None) -> ReportData:
    with read_ledger(state_dir) as view:
        return load_report(view, scope, price or Price(), ["products"])


def page_with(findings: ReportData, *names: str) -> str:
    """The page, with pairs of photos of these names."""
    with_pictures = ContactSheet((), (), 0)
    if names:
        photos = [trouble.named[0] for trouble in findings.failures][:1] * len(names)
        pairs = tuple(
            ReportPair(photo, ReportPicture("data:image/webp;base64,AA", ""), ReportPicture("", "Gone."))
            for photo in photos
        )
        with_pictures = ContactSheet(pairs, (), 0)
    return "".join(report_html(findings, with_pictures))


@pytest.mark.parametrize(
    ("since", "until", "first", "last", "words"),
    [
        (None, None, date(2000, 1, 1), TODAY, "everything until 22 November 2026"),
        ("1d", None, TODAY, TODAY, "22 November 2026"),
        ("7d", None, date(2026, 11, 16), TODAY, "16 November 2026 to 22 November 2026"),
        ("2w", None, date(2026, 11, 9), TODAY, "9 November 2026 to 22 November 2026"),
        ("2026-11-01", "2026-11-07", date(2026, 11, 1), date(2026, 11, 7), "1 November 2026 to 7 November 2026"),
        ("9999w", None, date(2000, 1, 1), TODAY, "1 January 2000 to 22 November 2026"),
    ],
)
def test_days_are_what_people_write(since: str | None, until: str | None, first: date, last: date, words: str) -> None:
    """Both ends are included, and today is one of the last seven days."""
    period = parse_period(since, until, TODAY)
    assert (period.first, period.last, period.text) == (first, last, words)
    assert time.localtime(period.from_s).tm_hour == 0
    assert period.to_s - period.from_s >= 82_000


@pytest.mark.parametrize("written", ["yesterday", "7", "24h", "2026-13-01", "", "7d7d"])
def test_what_is_no_day_is_refused(written: str) -> None:
    """The text says what to write."""
    with pytest.raises(ValueError, match="7d"):
        parse_period(written, None, TODAY)


def test_an_end_before_the_beginning_is_refused() -> None:
    """Nothing would be in it."""
    with pytest.raises(ValueError, match="after its end"):
        parse_period("2026-11-20", "2026-11-10", TODAY)


def test_a_report_sums_up(tmp_path: Path) -> None:
    """Every photo is in exactly one column of its folder; folders without any are named too."""
    filled(tmp_path, "a.jpg", "b.jpg")
    found = found_in(tmp_path, price=Price(operations_per_removal=10, per_1000_operations=5))
    sums = {sums.name: (sums.published, sums.rejected, sums.failed, sums.under_way) for sums in found.folders}
    assert sums == {"products": (2, 0, 1, 1), "people": (0, 1, 0, 0)}
    assert found.total.launched == 4
    assert found.cost.bill.operations == 40
    assert [trouble.code for trouble in found.failures] == ["empty", "unknown_foreground"]
    (dispute,) = found.double_charges
    assert dispute.lost[0].lost_because == "502 Bad Gateway"


def test_a_report_of_a_folder_tells_of_no_other(tmp_path: Path) -> None:
    """Its cost is an estimate, and says so: requests are not counted by folder."""
    filled(tmp_path, "a.jpg")
    found = found_in(tmp_path, ReportScope(EVER.period, "people"))
    assert [sums.name for sums in found.folders] == ["people"]
    assert [trouble.code for trouble in found.failures] == ["empty"]
    assert (found.total.published, found.double_charges, found.cost.is_estimate) == (0, (), True)
    assert "estimate" in page_with(found)


def test_a_report_of_other_days_tells_nothing_of_these(tmp_path: Path) -> None:
    """The day of a photo's last fact counts, to the second of midnight."""
    filled(tmp_path, "a.jpg", "b.jpg")
    period = Period(date(2026, 11, 1), date(2026, 11, 7))
    assert found_in(tmp_path, ReportScope(period, None)).total.published == 0
    for path, at_s in (("a", period.from_s), ("b", period.to_s)):
        move = f"UPDATE photos SET state_at_s = {at_s} WHERE path = '{path}.jpg'"  # noqa: S608  the test's own values
        in_database(tmp_path, move)
    assert found_in(tmp_path, ReportScope(period, None)).total.published == 1


@pytest.mark.parametrize("name", ["report", "report_empty"])
def test_the_page_says_what_it_said(tmp_path: Path, name: str) -> None:
    """A rewording of the report is a change of its golden file."""
    filled(tmp_path, *(("a.jpg", "b.jpg") if name == "report" else ()))
    scope = EVER if name == "report" else ReportScope(Period(date(2000, 1, 1), date(2000, 1, 7)), "products")
    page = page_with(found_in(tmp_path, scope), *(("a.jpg",) if name == "report" else ()))
    assert_golden(Path(__file__).parent / "golden" / f"{name}.txt", text_of(page))


def test_no_name_does_anything_on_the_page(tmp_path: Path) -> None:
    """Names are text, with what cannot be seen spelled out; nothing is loaded from anywhere."""
    filled(tmp_path, "a.jpg")
    for number, name in enumerate(HOSTILE):
        at = photo_at_rejected(name, number)
        with_ledger(tmp_path, at)
    page = page_with(found_in(tmp_path), "a", "b")
    page.encode()
    seen = Seen(page)
    assert not {tag for tag, _ in seen.elements} & {"script", "link", "iframe", "object", "form", "base"}
    assert not [name for _, attributes in seen.elements for name in attributes if name.startswith("on")]
    sources = [
        value for _, attributes in seen.elements for name, value in attributes.items() if name in {"src", "href"}
    ]
    assert sources
    assert all(value and value.startswith("data:image/") for value in sources)
    assert not re.search(r"url\(|@import|https?:", page)
    assert "<script>alert(1)</script>.jpg" in seen.text
    assert r"sub/\u202egpj.jpg" in seen.text
    assert "\u202e" not in page
    assert "\x1b" not in page


def photo_at_rejected(name: str, number: int) -> object:
    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REJECTED, identity(name, inode=100 + number))

    return scene


def test_an_empty_report_says_what_to_do_next(tmp_path: Path) -> None:
    """Neither an empty table nor an empty gallery leaves its reader alone."""
    with_ledger(tmp_path, nothing)
    text = Seen(page_with(found_in(tmp_path))).text
    assert "No cutout was published in this time." in text
    assert "Nothing was rejected and nothing failed." in text


async def nothing(_: Ledger) -> None:
    """A ledger that nothing was written to."""


def test_the_table_has_every_photo_and_no_formula(tmp_path: Path) -> None:
    """A name that a spreadsheet would compute begins with an apostrophe; Excel is told that it is UTF-8."""
    filled(tmp_path, *HOSTILE, 'plain, "quoted".jpg', "Zoë.jpg")
    with read_ledger(tmp_path) as view:
        text = "".join(report_csv(view, found_in(tmp_path)))
    assert text.startswith("\ufefffolder,path,state,")
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    paths = {row["path"] for row in rows}
    assert {"'=1+1.jpg", "'@SUM(A1).jpg", 'plain, "quoted".jpg', "Zoë.jpg", r"\udcff\x1b[31m.jpg"} <= paths
    assert len(rows) == len(HOSTILE) + 4
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_json_has_every_photo(tmp_path: Path) -> None:
    """It is whole JSON, with photos or without, although it is written piece by piece."""
    filled(tmp_path, "a.jpg", *HOSTILE)
    with read_ledger(tmp_path) as view:
        told = json.loads("".join(report_json(view, found_in(tmp_path))))
        none = json.loads("".join(report_json(view, found_in(tmp_path, ReportScope(Period(TODAY, TODAY), "nobody")))))
    assert {photo["path"] for photo in told["photos"]} == {"a.jpg", "empty.jpg", "fog.jpg", *HOSTILE}
    assert told["total"]["published"] == 7
    assert told["possible_double_charges"][0]["request_id"] == "second-request"
    assert none["photos"] == []


def test_its_questions_go_by_index(tmp_path: Path) -> None:
    """A hundred thousand photos are read in the order in which they are shown, and never sorted."""
    filled(tmp_path, "a.jpg")
    for folder in (None, "products"):
        stretch = ReportRange(5.0, 1e12, TODAY, TODAY, folder)
        with read_ledger(tmp_path) as view:
            plan = plan_of(view, lambda asked, stretch=stretch: list(report.each_published(asked, stretch)))
            assert plan == "SEARCH photos USING INDEX gallery (code=? AND state_at_s>? AND state_at_s<?)"
            plan = plan_of(view, lambda asked, stretch=stretch: report.launched(asked, stretch))
            assert "SCAN launches\n" not in f"{plan}\n"


def test_a_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """One that cannot be finished leaves the old one, and no draft."""
    file = tmp_path / "report.html"
    write_report(file, ["old"])
    write_report(file, ["ne", "w"])
    assert file.read_text() == "new"

    def breaking() -> object:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskError, match="No space"):
        write_report(file, breaking())
    assert (file.read_text(), list(tmp_path.iterdir())) == ("new", [file])
