"""The command ``report``: a page, JSON or table for a client or a boss."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.options import ConfigOption, app, read_document, say

if TYPE_CHECKING:
    from cutoutd.config.settings import ConfigurationFile
    from cutoutd.status.report.data import ReportScope

#: The allowed endings of a report's name, because else a slip of the hand could replace a photo.
_ENDINGS = {"page": (".html", ".htm"), "json": (".json",), "csv": (".csv",)}


@app.command()
def report(  # noqa: PLR0913, PLR0917  an option each, as Typer reads them
    config: ConfigOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write or replace; a page needs one.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="First day: 2026-11-01, or 7d or 2w before today.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, included; default: today.")] = None,
    folder: Annotated[str | None, typer.Option(help="Only this folder's photos.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON instead of a page, to FILE or standard output.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A table for spreadsheets, to FILE or standard output.")
    ] = False,
) -> None:
    """Make a page for a client or a boss: before and after, failures and their reasons, totals, cost."""
    from cutoutd.ledger import read_ledger
    from cutoutd.status.report.data import load_report

    form = _form(as_json=as_json, as_csv=as_csv)
    _require_place(output, form)
    document = read_document(config)
    scope = _scope(document, since, until, folder)
    with read_ledger(document.state_dir) as view:
        found = load_report(view, scope, document.price, [each.name for each in document.folders])
        if form == "page":
            from cutoutd.cli.terminal import output_console
            from cutoutd.cli.terminal.plan_view import scan_progress
            from cutoutd.status.report.html import contact_sheet, report_html
            from cutoutd.status.report.thumbnails import MAX_PAIRS

            with scan_progress(output_console(stderr=True)) as bar:
                bar.expect(lambda: min(found.total.published, MAX_PAIRS))
                pieces: Iterable[str] = report_html(found, contact_sheet(view, found, document, bar.step))
        else:
            from cutoutd.status.report.export import report_csv, report_json

            pieces = report_json(view, found) if form == "json" else report_csv(view, found)
        if output is None:
            try:
                for piece in pieces:
                    typer.echo(piece, nl=False)
            finally:
                del pieces  # its query ends before the ledger closes, also if a pipe breaks
        else:
            from cutoutd.status.report.export import write_report

            write_report(output, pieces)
            say(f"{output}: {found.total.published:,} published, {scope.period.text}.", err=True)


def _form(*, as_json: bool, as_csv: bool) -> str:
    if as_json and as_csv:
        raise typer.BadParameter("one or the other", param_hint="--json, --csv")
    return "json" if as_json else "csv" if as_csv else "page"


def _require_place(output: Path | None, form: str) -> None:
    if output is None:
        if form == "page":
            raise typer.BadParameter("say where the page goes, as in --output report.html", param_hint="--output")
        return
    if output.suffix.lower() not in _ENDINGS[form]:
        raise typer.BadParameter(f"{output} does not end with {_ENDINGS[form][0]}", param_hint="--output")
    if not output.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {output.parent}: make it, or name another", param_hint="--output")
    if output.is_dir():
        raise typer.BadParameter(f"{output} is a folder", param_hint="--output")


def _scope(document: "ConfigurationFile", since: str | None, until: str | None, folder: str | None) -> "ReportScope":
    from datetime import UTC, datetime

    from cutoutd.ledger import read_ledger
    from cutoutd.ledger.queries import photos
    from cutoutd.status.report.data import ReportScope
    from cutoutd.status.report.period import parse_period

    try:
        period = parse_period(since, until, datetime.now(UTC).astimezone().date())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since, --until") from None
    if folder is not None and folder not in {each.name for each in document.folders}:
        with read_ledger(document.state_dir) as view:  # folders of earlier configurations are known there
            known = {total.folder for total in photos.totals(view)} | {each.name for each in document.folders}
        if folder not in known:
            raise typer.BadParameter(f"there is no folder {folder}; there are: {', '.join(sorted(known))}")
    return ReportScope(period, folder)
