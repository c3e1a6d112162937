"""The screens of ``status``, ``history`` and ``check``. Every number and sentence comes from other packages."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cutoutd.app.check import Finding, Level
from cutoutd.core.logs import printable
from cutoutd.core.photo import Photo
from cutoutd.ledger import Event, Total
from cutoutd.ledger.queries.lost_launches import in_words
from cutoutd.status.costs import batch_in_words, cost_rows
from cutoutd.status.forecast import forecast_in_words
from cutoutd.status.live_state import LiveState
from cutoutd.status.photo_counts import StateGroup, summarize_folders
from cutoutd.status.status import PossibleDoubleCharge, Status

#: Lines of a section in the summary, because the log above needs room.
_MOST_LINES = 5

_MARKS = {Level.GOOD: ("ok", "green"), Level.WARNING: ("note", "yellow"), Level.FAULT: ("fault", "red")}


def show_status(console: Console, status: Status) -> None:
    """Draw the whole status."""
    console.print(view_of(status))


def view_of(status: Status) -> RenderableType:
    """Return the view of the whole status."""
    sections = (
        ("Standing still", [(str(each.stage), each.in_words) for each in status.standstills]),
        ("Launches", [*_launches(status)]),
        ("Operations counted for the bill", [*cost_rows(status.costs)]),
        *_daemon_sections(status.live),
        *_photo_sections(status),
    )
    return Group(*_top(status), *(_section(title, rows) for title, rows in sections if rows))


def summary_of(status: Status) -> RenderableType:
    """Return the few most important lines, for the bottom of a terminal below the log."""
    attention = [*((folder.folder, folder.text) for folder in status.live.unavailable)] if status.live else []
    missed = [item for item in status.live.passed_over if item.reason.may_hide_photos] if status.live else []
    attention += [(item.names, item.words) for item in missed]
    attention += [(_place(photo), f"doubtful cutout: {photo.note}") for photo in status.doubtful]
    attention += [(batch.batch.folder, batch_in_words(batch)) for batch in status.batches]
    lines = [_section("Needs you", attention[:_MOST_LINES])] if attention else []
    return Group(Rule(style="dim"), *_top(status), _rows(_launches(status)), *lines)


def show_history(console: Console, events: Iterable[Event]) -> None:
    """Draw events, one a line; long names are not folded, because scripts search and cut lines."""
    for event in events:
        place = printable(f"{event.folder}/{event.path}")
        named = (event.detail.get(name) for name in ("sentence", "source_sentence", "sent_as", "target"))
        detail = printable(str(event.order or next(filter(None, named), "")))
        line = Text(f"{_time(event.at_s)}  {event.to_state:<16}  {place}") + Text(f"  {detail}", style="dim")
        console.print(line, soft_wrap=True)


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Draw the findings of a check, with advice."""
    for finding in findings:
        word, colour = _MARKS[finding.level]
        line = Text(f"{word:>6}  ", style=colour) + Text(f"{finding.subject}: ", style="bold") + Text(finding.sentence)
        console.print(line, soft_wrap=True)
        if finding.advice:
            console.print(Text(f"        {finding.advice}", style="dim"), soft_wrap=True)


def _top(status: Status) -> Iterator[RenderableType]:
    yield _heading(status)
    yield _totals(status.totals) if status.totals else Text("No photo has been found yet.")
    if forecast := _forecast(status):
        yield Text(forecast, style="bold")


def _forecast(status: Status) -> str:
    """Return a sentence about the speed, the expected end, and the photos that are not part of it."""
    left_over = status.forecast.left_over
    held = (
        f"{left_over:,} more wait{'s' if left_over == 1 else ''} for approval, a limit or a folder" if left_over else ""
    )
    sentence = "; ".join(filter(None, (forecast_in_words(status.forecast, time.time()), held)))
    return f"{_capitalized(sentence)}." if sentence else ""


def _capitalized(sentence: str) -> str:
    """Return the sentence with a large first letter; the other letters stay, because they may be a person's words."""
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _heading(status: Status) -> RenderableType:
    if status.pause is None:
        return _running_line(status)
    paused = f"{_capitalized(status.pause.sentence)}. To continue: cutoutd resume"
    return Group(_running_line(status), Text(paused, style="bold yellow"))


def _running_line(status: Status) -> RenderableType:
    if not status.is_running:
        return Text("cutoutd is not running.", style="yellow")
    if status.live is None:
        return Text("cutoutd is starting.", style="yellow")
    since = f"cutoutd is running since {_time(status.live.started_at_s)} (process {status.live.pid})."
    if status.live.halt is None:
        return Text(since, style="green")
    return Group(Text(since, style="yellow"), Text(f"Halted: {status.live.halt.text}", style="bold red"))


def _daemon_sections(live: LiveState | None) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    if live is None:
        return
    yield "Unavailable folders", [(folder.folder, folder.text) for folder in live.unavailable]
    throttled = ((kind, f"nothing is sent before {_time(until_s)}") for kind, until_s in live.throttled_until.items())
    yield "Throttled by Uploadcare (429)", list(throttled)
    yield "Sources that could not be moved or deleted", list(live.source_troubles.items())
    yield "Passed over", [(item.names, f"{item.words}. {item.advice}") for item in live.passed_over]
    watched = ((f"{mount.folder}/{mount.path}", f"{mount.kind}: {mount.reason}") for mount in live.watched)
    yield "Watched folders", list(watched)
    title = f"Still being written ({live.settling_count})"
    yield title, [(f"{file.folder}/{file.path}", file.reason) for file in live.settling]


def _photo_sections(status: Status) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    compared = "known photos have other times or inodes: their files are compared, and the same bytes cost nothing"
    yield "Compared with what is known", [(f"{status.touched:,}", compared)] if status.touched else []
    yield "Waiting for your approval", [(batch.batch.folder, batch_in_words(batch)) for batch in status.batches]
    yield "Waiting", [(_place(photo), photo.wait.reason) for photo in status.waiting]
    yield (
        "Possibly paid for twice: the response to an earlier launch was lost",
        [(_place(again.photo), _paid_again(again)) for again in status.double_charges],
    )
    doubtful = ((_place(photo), f"{photo.note}; look at it, then: cutoutd approve PHOTO") for photo in status.doubtful)
    yield "Doubtful cutouts, which keep their sources in place", list(doubtful)
    yield "Rejected or failed, newest first", [(_place(photo), _why(photo)) for photo in status.troubled]


def _launches(status: Status) -> Iterator[tuple[str, str]]:
    launches = status.launches
    for period, number, limit in (
        ("today", launches.today, launches.per_day),
        ("this month", launches.this_month, launches.per_month),
    ):
        yield period, f"{number:,}" if limit is None else f"{number:,} of {limit:,}"
    if launches.lost:
        yield "responses lost", f"{launches.lost:,} ever: launched without a response, possibly paid for"
    if launches.held:
        yield "held or unapproved", f"{launches.held:,}"
    if status.live and status.live.launches_per_minute is not None:
        yield "rate", f"at most {status.live.launches_per_minute:.0f} a minute: {status.live.launch_reason}"


def _paid_again(again: PossibleDoubleCharge) -> str:
    return "; ".join(
        (f"request {again.photo.launch.request_id}", *(f"earlier {in_words(launch)}" for launch in again.lost))
    )


def _totals(totals: Iterable[Total]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("folder")
    for group in StateGroup:
        table.add_column(group, justify="right")
    for folder, counts in summarize_folders(totals).items():
        table.add_row(folder, *(f"{number:,}" for _, number in counts.groups()))
    return table


def _section(title: str, rows: Iterable[tuple[str, str]]) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), _rows(rows))


def _rows(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for left, right in rows:
        table.add_row(Text(printable(left)), Text(printable(right), style="dim"))
    return table


def _place(photo: Photo) -> str:
    return f"{photo.identity.folder}/{photo.identity.path}"


def _why(photo: Photo) -> str:
    return f"{photo.ending.sentence} [{photo.ending.code}] {photo.ending.advice or ''}".rstrip()


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
