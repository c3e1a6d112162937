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
    say,
    selectors_of,
    working_folder,
)
from cutoutd.core.errors import ConfigurationError


@app.command()
def page(
    config: ConfigOption = None,
    sign_out: Annotated[bool, typer.Option("--sign-out", help="Sign all browsers out instead.")] = False,
) -> None:
    """Print the link to the page of the running cutoutd; it lets its holder look, retry and approve."""
    from cutoutd.web.access.link import links_to_page, sign_out_everywhere

    if sign_out:
        sign_out_everywhere(read_running(config))
        say("No browser is signed in any more. The link opens the page again.")
        return
    for link in links_to_page(read_running(config)):
        say(link)


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cutoutd.ledger import Event
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

    from cutoutd.app.check import Finding, Level, check_all
    from cutoutd.cli.terminal import output_console
    from cutoutd.cli.terminal.status_view import show_findings

    try:
        settings = read_settings(config)
    except ConfigurationError as error:
        if as_json:
            faults = [asdict(Finding(Level.FAULT, "configuration", fault)) for fault in error.faults]
            typer.echo(json.dumps(faults, indent=2))
            raise typer.Exit(ExitCode.USAGE) from None
        raise
    try:
        report = run_to_end(check_all(settings, is_offline=offline, user=user))
    except LookupError:
        raise typer.BadParameter("there is no such user", param_hint="--user") from None
    except PermissionError:
        raise typer.BadParameter("only root can see as another user", param_hint="--user") from None
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in report.findings], indent=2))
    else:
        show_findings(output_console(), report.findings)
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
    from cutoutd.app.rebuild import outputs_without_ledger
    from cutoutd.cli.terminal import output_console
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
        show_status(output_console(), found)
    if not found.is_running and (unknown := outputs_without_ledger(document)):
        places = printable(", ".join(map(str, unknown)))
        say(_LOST.format(state_dir=document.state_dir, places=places), err=True)


def _watch(read: "Callable[[], Status]", *, as_json: bool) -> None:
    """Show the status again and again until Ctrl-C, which ends the command."""
    from cutoutd.cli.terminal import output_console
    from cutoutd.cli.terminal.live_view import can_redraw, watch, watch_as_json

    console = output_console()
    if as_json:
        watch_as_json(read, typer.echo)
    if not can_redraw(console):
        raise typer.BadParameter(
            "it draws on a terminal; elsewhere say --json too, for one line a second", param_hint="--watch"
        )
    watch(console, read)


@app.command()
def history(
    path: Annotated[str | None, typer.Argument(help="A photo: its file, or FOLDER/PATH as in status.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(help="The number of events, the latest ones.", min=1)] = 100,
    following: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events, until Ctrl-C.")] = False,
) -> None:
    """Show the events of one photo, or the latest of all, one a line."""
    from cutoutd.cli.terminal import output_console
    from cutoutd.cli.terminal.live_view import follow
    from cutoutd.cli.terminal.status_view import show_history
    from cutoutd.control.connection.client import load_history
    from cutoutd.status.status import event_as_json

    document, console = read_running(config), output_console()
    selectors = selectors_of(path, document)

    def show(events: "Sequence[Event]") -> None:
        if not as_json:
            show_history(console, events)
            return
        for event in events:
            typer.echo(json.dumps(event_as_json(event)))

    events = load_history(document, selectors, limit)
    show(events)
    if following:
        follow(lambda number: load_history(document, selectors, number), show, events)
    if not events:
        say(_no_such_photo(path) if path else "Nothing has happened yet.", err=True)
    if path and not events:
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


def _no_such_photo(path: str) -> str:
    return (
        f"Nothing is known of {path}: no photo of that name has been found in a watched folder.\n"
        "Name the photo itself, not its cutout or its folder. `cutoutd history` shows all."
    )


@app.command("systemd-dropin")
def systemd_dropin(config: ConfigOption = None) -> None:
    """Print the drop-in with which systemd lets the service reach the configured folders."""
    import os

    from cutoutd import config as configuration
    from cutoutd.app.systemd_dropin import render_dropin

    source = configuration.find(config, os.environ, working_folder())
    typer.echo(render_dropin(configuration.read(source, os.environ), source.absolute()), nl=False)


@app.command()
def plan(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    changed: Annotated[bool, typer.Option("--changed", help="Plan `reprocess --changed` instead of a run.")] = False,
) -> None:
    """Show what a run would send, reject and cost, without sending anything."""
    from cutoutd.cli.terminal import output_console
    from cutoutd.cli.terminal.plan_view import scan_progress, show_plan
    from cutoutd.status.plan import plan_as_json
    from cutoutd.status.plan_scan import PlanScanner

    document = read_document(config, is_scanning=True)
    with scan_progress(output_console(stderr=True)) as bar:
        scanner = PlanScanner(document, bar.step)
        if changed:
            found = scanner.plan_changed()
        else:
            bar.expect(scanner.count)
            found = scanner.plan_all()
    if as_json:
        typer.echo(json.dumps(plan_as_json(found), indent=2))
    else:
        show_plan(output_console(), found)
    if any(folder.absence for folder in found.folders):
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from cutoutd.config import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))
