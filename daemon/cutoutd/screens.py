"""What the commands show on a terminal. It only draws: every number and sentence comes from elsewhere."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cutoutd.accounts import batch_in_words, rows_of
from cutoutd.checkup import Finding, Level
from cutoutd.ledger import Event, Total
from cutoutd.logs import printable
from cutoutd.photo import Photo, State
from cutoutd.reporting import Status

#: The columns people think in, and the states that belong to each.
_COLUMNS = {
    "waiting": {State.DISCOVERED, State.ACCEPTED},
    "at Uploadcare": {State.UPLOADED, State.REMOVAL_INTENDED, State.REMOVAL_STARTED, State.REMOVAL_FINISHED},
    "published": {State.PUBLISHED},
    "rejected": {State.REJECTED},
    "failed": {State.FAILED},
}

_MARKS = {Level.GOOD: ("ok", "green"), Level.WARNING: ("note", "yellow"), Level.FAULT: ("fault", "red")}


def show_status(console: Console, status: Status) -> None:
    """Draw one look at everything."""
    console.print(_heading(status))
    console.print(_totals(status.totals) if status.totals else "No photo has been found yet.")
    console.print(_section("Launches", _launches(status)))
    console.print(_section("Operations billed by Uploadcare", rows_of(status.accounts)))
    if status.live and status.live.standby:
        console.print(_section("Standing by", ((folder.folder, folder.reason) for folder in status.live.standby)))
    if status.live and status.live.source_troubles:
        console.print(_section("Sources that could not be moved or deleted", status.live.source_troubles.items()))
    if status.batches:
        rows = ((batch.batch.folder, batch_in_words(batch)) for batch in status.batches)
        console.print(_section("Waiting for your approval", rows))
    if status.live and status.live.watched:
        mounts = ((f"{mount.folder}: {mount.path}", f"{mount.kind}: {mount.reason}") for mount in status.live.watched)
        console.print(_section("Watching", mounts))
    if status.live and status.live.settling:
        title = f"Not finished yet ({status.live.settling_count})"
        console.print(_section(title, ((f"{f.folder}/{f.path}", f.reason) for f in status.live.settling)))
    if status.waiting:
        console.print(_section("Waiting", ((_place(photo), photo.wait.reason) for photo in status.waiting)))
    if status.paid_again:
        rows = ((_place(photo), f"request {photo.request_id}") for photo in status.paid_again)
        console.print(_section("Possibly paid for twice, as the answer to an earlier launch was lost", rows))
    if status.troubled:
        console.print(_section("Rejected or failed, newest first", ((_place(p), _why(p)) for p in status.troubled)))


def show_history(console: Console, events: Iterable[Event]) -> None:
    """Draw facts, one line each; long names are not folded, so that lines can be searched and cut."""
    for event in events:
        place = printable(f"{event.folder}/{event.path}")
        detail = printable(
            str(event.detail.get("sentence") or event.detail.get("sent_as") or event.detail.get("target") or "")
        )
        line = Text(f"{_time(event.at_s)}  {event.to_state:<16}  {place}") + Text(f"  {detail}", style="dim")
        console.print(line, soft_wrap=True)


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Draw what a check found, with what to do about it."""
    for finding in findings:
        word, colour = _MARKS[finding.level]
        line = Text(f"{word:>6}  ", style=colour) + Text(f"{finding.subject}: ", style="bold") + Text(finding.sentence)
        console.print(line, soft_wrap=True)
        if finding.advice:
            console.print(Text(f"        {finding.advice}", style="dim"), soft_wrap=True)


def _heading(status: Status) -> RenderableType:
    if not status.is_running:
        return Text("cutoutd is not running.", style="yellow")
    if status.live is None:
        return Text("cutoutd is starting.", style="yellow")
    since = f"cutoutd is running since {_time(status.live.started_at_s)} (process {status.live.pid})."
    if status.live.halt is None:
        return Text(since, style="green")
    return Group(Text(since, style="yellow"), Text(f"Halted: {status.live.halt}", style="bold red"))


def _launches(status: Status) -> Iterator[tuple[str, str]]:
    launches = status.launches
    for period, number, limit in (
        ("today", launches.today, launches.per_day),
        ("this month", launches.this_month, launches.per_month),
    ):
        yield period, f"{number:,}" if limit is None else f"{number:,} of {limit:,}"
    if launches.held:
        yield "photos held by a limit", f"{launches.held:,}"
    if status.live and status.live.launches_per_minute is not None:
        yield "rate", f"at most {status.live.launches_per_minute:.0f} a minute: {status.live.launch_reason}"


def _totals(totals: Iterable[Total]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("folder")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    folders: dict[str, dict[State, int]] = {}
    for total in totals:
        folders.setdefault(total.folder, {})[total.state] = total.photos
    for folder, numbers in sorted(folders.items()):
        cells = (sum(numbers.get(state, 0) for state in states) for states in _COLUMNS.values())
        table.add_row(folder, *(f"{cell:,}" for cell in cells))
    return table


def _section(title: str, rows: Iterable[tuple[str, str]]) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for left, right in rows:
        table.add_row(Text(printable(left)), Text(printable(right), style="dim"))
    return Group(Text(f"\n{title}", style="bold"), table)


def _place(photo: Photo) -> str:
    return f"{photo.identity.folder}/{photo.identity.path}"


def _why(photo: Photo) -> str:
    return f"{photo.sentence} [{photo.code}] {photo.advice or ''}".rstrip()


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
