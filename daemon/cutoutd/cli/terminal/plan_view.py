"""The screen of ``cutoutd plan``. Every number and sentence comes from ``status.plan``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from cutoutd.core.logs import printable
from cutoutd.pipeline.budget.pricing import estimate_in_words
from cutoutd.status.plan import FolderPlan, Plan, PlannedOutcome

#: The columns, and the outcomes that belong to each.
_COLUMNS = {
    "to pay for": {PlannedOutcome.SEND, PlannedOutcome.LAUNCH},
    "free of charge": {PlannedOutcome.REUSE},
    "rejected": {PlannedOutcome.REJECT},
    "under way": {PlannedOutcome.UNDER_WAY},
    "published": {PlannedOutcome.PUBLISHED},
    "failed before": {PlannedOutcome.TROUBLED},
    "not readable": {PlannedOutcome.UNREADABLE, PlannedOutcome.CHANGING},
}

_HOUR_MINUTES = 60


class ScanProgress:
    """The progress of a scan; without a terminal nothing is drawn or counted."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._line = bar.add_task("reading photos", total=None)

    def expect(self, count: Callable[[], int]) -> None:
        """Set the number of steps, which is counted only on a terminal."""
        if not self._bar.disable:
            self._bar.update(self._line, total=count())

    def step(self) -> None:
        """Count one more photo."""
        self._bar.advance(self._line)


@contextmanager
def scan_progress(console: Console) -> Iterator[ScanProgress]:
    """Show a progress bar that disappears in the end."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip  # one bar, one line
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ScanProgress(bar)


def show_plan(console: Console, plan: Plan) -> None:
    """Draw the plan of a run."""
    console.print(_totals(plan))
    for line in _sentences(plan):
        console.print(Text(line), soft_wrap=True)
    for folder in plan.folders:
        _show_reasons(console, folder)
    console.print(Text("\nNothing was sent and nothing was changed.", style="dim"))


def _totals(plan: Plan) -> Table:
    """Return the table of outcomes without the columns that are empty in all folders."""
    shown = {
        title: outcomes
        for title, outcomes in _COLUMNS.items()
        if plan.count(*outcomes) or PlannedOutcome.SEND in outcomes
    }
    table = Table(box=None, padding=(0, 2, 0, 0), show_footer=len(plan.folders) > 1)
    table.add_column("folder", footer="all")
    for title, outcomes in shown.items():
        table.add_column(title, justify="right", footer=f"{plan.count(*outcomes):,}")
    for folder in plan.folders:
        cells = (sum(folder.outcomes[outcome] for outcome in outcomes) for outcomes in shown.values())
        table.add_row(folder.name, *(f"{cell:,}" for cell in cells))
    return table


def _sentences(plan: Plan) -> Iterator[str]:
    yield ""
    if plan.removals == 0:
        yield "No removal would be launched."
        return
    yield f"{_removals(plan.removals)} would be launched: {estimate_in_words(plan.bill)}."
    if smaller := sum(folder.smaller_copies for folder in plan.folders):
        yield f"{smaller:,} of them as smaller copies, because the photos are over max_size."
    for key, limit, left, period in (
        ("per_day", plan.limits.per_day, plan.left_today, "today"),
        ("per_month", plan.limits.per_month, plan.left_this_month, "this month"),
    ):
        if limit is not None and left is not None:
            yield f"limits.{key} leaves {left:,} of {limit:,} for {period}."
    if plan.held:
        yield f"{_removals(plan.held)} would wait for another day or month."
    for folder in plan.folders:
        if waiting := plan.waiting_for_approval(folder):
            yield f"{folder.name}: all {waiting:,} would wait for your approval: cutoutd approve {folder.name}"
    yield f"Launching takes about {_duration(plan.minutes)}, at {plan.launches_per_minute:.0f} a minute."


def _show_reasons(console: Console, folder: FolderPlan) -> None:
    if folder.absence:
        console.print(Text(f"\n{folder.name}: {folder.absence}", style="yellow"), soft_wrap=True)
    for item in folder.passed_over:
        console.print(Text(f"\nPassed over: {item.sentence}", style="yellow"), soft_wrap=True)
        console.print(Text(f"  {item.advice}", style="dim"), soft_wrap=True)
    for reason in folder.reasons:
        console.print(Text(f"\n{folder.name}: {reason.photos:,} {reason.code}", style="bold"))
        for path, sentence in reason.examples:
            console.print(Text(f"  {path}  ") + Text(printable(sentence), style="dim"), soft_wrap=True)
        if reason.photos > len(reason.examples):
            console.print(Text("  ...", style="dim"))


def _removals(number: int) -> str:
    return "1 removal" if number == 1 else f"{number:,} removals"


def _duration(minutes: float) -> str:
    if minutes < 1:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 2 * _HOUR_MINUTES else f"{minutes / _HOUR_MINUTES:.1f} hours"
