"""The commands that change nothing: ``page``, ``check``, ``status``, ``history``, ``plan`` and more."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.options import (
    ConfigOption,
    JsonOption,
    app,
    read_document,
    read_running,
    read_settings,
    run_to_end,
    selectors_of,
)


@app.command()
def page(config: ConfigOption = None) -> None:
    """Print the link to the page of the running cutoutd; it lets its holder look, retry and approve."""
    from cutoutd.web.access.link import links_to_page

    for link in links_to_page(read_running(config)):
        typer.echo(link)


if TYPE_CHECKING:
    from collections.abc import Callable

    from cutoutd.status.status import Status


@app.command()
def check(
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact Uploadcare.")] = False,
    user: Annotated[str | None, typer.Option("--user", help="As root: check the folders as this user.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, folders, disks, keys, add-on and clock, before photos are sent."""
    from dataclasses import asdict

    from rich.console import Console

    from cutoutd.app.check import Level, check_all
    from cutoutd.cli.terminal.status_view import show_findings

    try:
        report = run_to_end(check_all(read_settings(config), is_offline=offline, user=user))
    except LookupError:
        raise typer.BadParameter("there is no such user", param_hint="--user") from None
    except PermissionError:
        raise typer.BadParameter("only root can see as another user", param_hint="--user") from None
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in report.findings], indent=2))
    else:
        show_findings(Console(), report.findings)
    if report.halt_error is not None:
        raise typer.Exit(ExitCode.REFUSED)
    if any(finding.level is Level.FAULT for finding in report.findings):
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


_LOST = (
    "There is no ledger in {state_dir}, but there are files in {places}. If cutoutd made them, its ledger was lost:\n"
    "run `cutoutd rebuild` before `cutoutd run`, or their photos are paid for again."
)


@app.command()
def status(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    watching: Annotated[bool, typer.Option("--watch", help="Refresh every second, until Ctrl-C.")] = False,
) -> None:
    """Show the photos by state, the photos that wait and why, and the rejected and failed ones."""
    from rich.console import Console

    from cutoutd.app.rebuild import outputs_without_ledger
    from cutoutd.cli.terminal.status_view import show_status
    from cutoutd.control.connection.client import load_status
    from cutoutd.core.logs import printable
    from cutoutd.status.status import status_as_json

    document = read_running(config)
    if watching:
        _watch(lambda: load_status(document), as_json=as_json)
    found = load_status(document)
    if as_json:
        typer.echo(json.dumps(status_as_json(found), indent=2))
    else:
        show_status(Console(), found)
    if not found.is_running and (unknown := outputs_without_ledger(document)):
        places = printable(", ".join(map(str, unknown)))
        typer.echo(_LOST.format(state_dir=document.state_dir, places=places), err=True)


def _watch(read: "Callable[[], Status]", *, as_json: bool) -> None:
    """Show the status again and again until Ctrl-C, which ends the command."""
    from rich.console import Console

    from cutoutd.cli.terminal.live_view import can_redraw, watch

    console = Console()
    if as_json or not can_redraw(console):
        raise typer.BadParameter(
            "it draws on a terminal; `cutoutd status` and `cutoutd status --json` print once", param_hint="--watch"
        )
    watch(console, read)


@app.command()
def history(
    path: Annotated[str | None, typer.Argument(help="A photo: its file, or FOLDER/PATH as in status.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(help="The number of events, the latest ones.", min=1)] = 100,
) -> None:
    """Show the events of one photo, or the latest of all, one a line."""
    from rich.console import Console

    from cutoutd.cli.terminal.status_view import show_history
    from cutoutd.control.connection.client import load_history
    from cutoutd.status.status import event_as_json

    document = read_running(config)
    events = load_history(document, selectors_of(path, document), limit)
    if as_json:
        for event in events:
            typer.echo(json.dumps(event_as_json(event)))
    else:
        show_history(Console(), events)
        if not events:
            typer.echo(_no_such_photo(path) if path else "Nothing has happened yet.", err=True)


def _no_such_photo(path: str) -> str:
    return (
        f"Nothing is known of {path}: no photo of that name has been found in a watched folder.\n"
        "Name the photo itself, not its cutout or its folder. `cutoutd history` shows all."
    )


@app.command("systemd-dropin")
def systemd_dropin(config: ConfigOption = None) -> None:
    """Print the drop-in with which systemd lets the service reach the configured folders."""
    import os
    from pathlib import Path

    from cutoutd import config as configuration
    from cutoutd.app.systemd_dropin import render_dropin

    source = configuration.find(config, os.environ, Path.cwd())
    typer.echo(render_dropin(configuration.read(source, os.environ), source.absolute()), nl=False)


@app.command()
def plan(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    changed: Annotated[bool, typer.Option("--changed", help="Plan `reprocess --changed` instead of a run.")] = False,
) -> None:
    """Show what a run would send, reject and cost, without sending anything."""
    from rich.console import Console

    from cutoutd.cli.terminal.plan_view import scan_progress, show_plan
    from cutoutd.status.plan import plan_as_json
    from cutoutd.status.plan_scan import PlanScanner

    document = read_document(config)
    with scan_progress(Console(stderr=True)) as bar:
        scanner = PlanScanner(document, bar.step)
        if changed:
            found = scanner.plan_changed()
        else:
            bar.expect(scanner.count)
            found = scanner.plan_all()
    if as_json:
        typer.echo(json.dumps(plan_as_json(found), indent=2))
    else:
        show_plan(Console(), found)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from cutoutd.config import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
