"""The commands. Each reads the configuration, calls one thing, and shows what came of it.

Imports that are heavy stand inside the commands that need them: ``--help`` and completion must feel instant.
"""

import asyncio
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd import __version__
from cutoutd.errors import ConfigurationError, CutoutdError
from cutoutd.exits import ExitCode, code_for

if TYPE_CHECKING:
    from cutoutd.config.document import Document
    from cutoutd.config.settings import Settings
    from cutoutd.once import Outcome

app = typer.Typer(
    name="cutoutd",
    help="Drop a photo into a watched folder, find its transparent PNG in the mirrored folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; else $CUTOUTD_CONFIG, ./config.yaml, /etc/cutoutd/config.yaml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable; documented and stable.")]


def main() -> None:
    """Run the command line; every exit code it can end with is in ``exits``."""
    try:
        app()
    except ConfigurationError as error:
        typer.echo("\n".join(error.faults), err=True)
        sys.exit(code_for(error))
    except CutoutdError as error:
        advice = f"\n{error.advice}" if error.advice else ""
        typer.echo(f"{error.title}: {error.sentence.rstrip('.')}.{advice}", err=True)
        sys.exit(code_for(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(ExitCode.INTERRUPTED)
    except Exception:  # noqa: BLE001  a bug has its own exit code, so that no script takes it for a bad photo
        traceback.print_exc()
        sys.exit(ExitCode.INTERNAL)


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"cutoutd {__version__}")
        raise typer.Exit


@app.command()
def run(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Work off what is there, then leave.")] = False,
) -> None:
    """Watch the folders and make cutouts, until stopped."""
    from cutoutd.exits import code_after
    from cutoutd.running import run_daemon, run_once

    settings = _settings(config)
    if not once:
        asyncio.run(run_daemon(settings))
        return
    outcome = asyncio.run(run_once(settings))
    _tell_outcome(outcome)
    raise typer.Exit(code_after(outcome))


@app.command()
def check(
    config: ConfigOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask Uploadcare.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find what would go wrong before a photo does: configuration, folders, keys, clock."""
    from dataclasses import asdict

    from rich.console import Console

    from cutoutd.checkup import Level, check_all
    from cutoutd.screens import show_findings

    report = asyncio.run(check_all(_settings(config), is_offline=offline))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in report.findings], indent=2))
    else:
        show_findings(Console(), report.findings)
    if report.refusal is not None:
        raise typer.Exit(ExitCode.REFUSED)
    if any(finding.level is Level.FAULT for finding in report.findings):
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


@app.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show how many photos stand where, what waits and why, and what came to nothing."""
    from rich.console import Console

    from cutoutd.reporting import read_status, status_as_json
    from cutoutd.screens import show_status

    document = _document(config)
    found = read_status(document.state_dir, document.limits)
    if as_json:
        typer.echo(json.dumps(status_as_json(found), indent=2))
    else:
        show_status(Console(), found)


@app.command()
def history(
    path: Annotated[str | None, typer.Argument(help="A photo, relative to its folder's input.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(help="How many of the last facts.", min=1)] = 100,
) -> None:
    """Show what happened, fact by fact: to one photo, or lately to all."""
    from rich.console import Console

    from cutoutd.reporting import event_as_json, read_history
    from cutoutd.screens import show_history

    events = read_history(_document(config).state_dir, path, limit)
    if as_json:
        for event in events:
            typer.echo(json.dumps(event_as_json(event)))
    else:
        show_history(Console(), events)
        if not events:
            typer.echo(f"Nothing is known of {path}." if path else "Nothing has happened yet.", err=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from cutoutd.config import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    help="Stand in for Uploadcare on this machine; `cutoutd sandbox --help` lists its options.",
)
def sandbox(context: typer.Context) -> None:
    """Hand everything to the sandbox's own command line."""
    from cutoutd.demo import require_sandbox

    require_sandbox()
    from cutoutd.sandbox.__main__ import main as run_sandbox

    raise typer.Exit(run_sandbox(context.args))


@app.command(name="try")
def try_out(
    folder: Annotated[Path | None, typer.Argument(help="Your photos; without it, a few are drawn.")] = None,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Go on watching, to drop more.")] = False,
    port: Annotated[int, typer.Option(help="The sandbox's port; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Try the whole thing on this machine: no account, no configuration, nothing is sent anywhere."""
    if folder is not None and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder", param_hint="FOLDER")
    from cutoutd.demo import try_photos
    from cutoutd.exits import code_after

    outcome = asyncio.run(try_photos(folder, port=port, is_staying=keep_running, tell=typer.echo))
    if not keep_running:
        _tell_outcome(outcome)
    raise typer.Exit(code_after(outcome))


def _settings(explicit: Path | None) -> "Settings":
    from cutoutd import config

    return config.load(config.find(explicit, os.environ, Path.cwd()), os.environ)


def _document(explicit: Path | None) -> "Document":
    """For looking at the ledger: it needs no secret, so whoever looks need not be able to read that."""
    from cutoutd import config

    return config.read(config.find(explicit, os.environ, Path.cwd()), os.environ)


def _tell_outcome(outcome: "Outcome") -> None:
    typer.echo(
        f"{outcome.published} published, {outcome.rejected} rejected, {outcome.failed} failed, "
        f"{outcome.held} left for the next run"
    )
    if outcome.missing:
        typer.echo(f"Inputs that could not be looked at: {outcome.missing}", err=True)
    if outcome.halt is not None:
        typer.echo(f"{outcome.halt.title}: {outcome.halt.sentence}. {outcome.halt.advice}", err=True)
