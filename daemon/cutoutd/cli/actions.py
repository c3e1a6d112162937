"""The commands that change something, in the running cutoutd or, if none runs, in the ledger itself."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.options import ConfigOption, app, read_document, read_running, resolve_path, say

if TYPE_CHECKING:
    from cutoutd.config.settings import ConfigurationFile
    from cutoutd.control.messages import CommandResult, DismissCommand, GiveUpCommand

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="A photo: its file, or FOLDER/PATH as status shows it; or a folder."),
]


@app.command()
def retry(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed photos.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay without asking.")] = False,
) -> None:
    """Retry photos that failed, were rejected or wait; a paid result is only fetched, a new removal is paid for."""
    from dataclasses import replace

    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import RetryCommand

    if bool(paths) is failed:
        raise typer.BadParameter("name the photos, or say --failed", param_hint="PATH")
    document = read_document(config)
    command = RetryCommand(resolve_paths(paths, document), max_removals=None if yes else 0)
    result = send_command(command, document)
    if not result.is_done:
        confirm_payment(result)
        result = send_command(replace(command, max_removals=result.payable), document)
    show_result(result)


@app.command()
def dismiss(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed photos.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="All rejected photos.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Dismiss all of them without asking.")] = False,
) -> None:
    """Take rejected and failed photos off the lists, with their notes; `retry` with its name brings a photo back."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import DismissCommand
    from cutoutd.core.photo import State

    if bool(paths) is (failed or rejected):
        raise typer.BadParameter("name the photos, or say --failed or --rejected", param_hint="PATH")
    document = read_document(config)
    states = (*((State.FAILED,) if failed else ()), *((State.REJECTED,) if rejected else ()))
    command = DismissCommand(resolve_paths(paths, document), states=states)
    if states and not yes:
        show_result(_send_if_agreed(command, document, "To dismiss that many, say --yes."))
    else:
        show_result(send_command(command, document))


@app.command("give-up")
def give_up(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="A photo: its file, or FOLDER/PATH as status shows it; or a folder."),
    ],
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Give up without asking.")] = False,
) -> None:
    """Wait no longer for removals that hang: the photos count as failed, and their copies go on."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import GiveUpCommand

    document = read_document(config)
    command = GiveUpCommand(resolve_paths(paths, document))
    if yes:
        show_result(send_command(command, document))
    else:
        show_result(_send_if_agreed(command, document, "To give them up, say --yes."))


@app.command()
def reprocess(  # noqa: PLR0913, PLR0917  its options
    paths: PathsArgument = None,
    config: ConfigOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="All photos whose cutout is missing.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="All photos made with other remove_bg parameters.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay without asking.")] = False,
) -> None:
    """Make new cutouts; the photos that you name are paid for again. Old cutouts stay until they are replaced."""
    from dataclasses import replace

    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import ReprocessCommand, Scope

    if [bool(paths), missing, changed].count(True) != 1:
        raise typer.BadParameter("name the photos, or say --missing or --changed", param_hint="PATH")
    scope = Scope.MISSING if missing else Scope.CHANGED if changed else Scope.NAMED
    document = read_document(config)
    command = ReprocessCommand(resolve_paths(paths, document), scope, dry_run=dry_run, max_removals=None if yes else 0)
    result = send_command(command, document)
    if not result.is_done and not dry_run:
        confirm_payment(result)
        result = send_command(replace(command, max_removals=result.payable), document)
    show_result(result)


@app.command()
def approve(
    folder: Annotated[
        str | None, typer.Argument(help="A folder (without it: all with a batch), or a photo with a doubtful cutout.")
    ] = None,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the number of photos and the cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay without asking.")] = False,
) -> None:
    """Agree to pay for a large batch: the photos that are there now; or to a doubtful cutout, which costs nothing."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import ApproveCommand

    document = read_document(config)
    paths = resolve_paths([folder], document) if folder else ()
    if yes and not dry_run:
        show_result(send_command(ApproveCommand(folder, paths=paths), document))
        return
    result = send_command(ApproveCommand(folder, dry_run=True, paths=paths), document)
    if not result.is_done and not dry_run:
        if result.payable:
            confirm_payment(result)
        agreed = ApproveCommand(folder, max_removals=result.payable, last_id=result.last_id, paths=paths)
        result = send_command(agreed, document)
    show_result(result)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="The reason, for status and the page.")] = "",
    config: ConfigOption = None,
) -> None:
    """Send and launch nothing new, also after a restart; launched removals are finished and published."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import PauseCommand

    show_result(send_command(PauseCommand(reason), read_running(config)))


@app.command()
def resume(config: ConfigOption = None) -> None:
    """Continue after a pause."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import ResumeCommand

    show_result(send_command(ResumeCommand(), read_running(config)))


@app.command()
def trust(
    folder: Annotated[str, typer.Argument(help="Its name.")],
    config: ConfigOption = None,
) -> None:
    """Take an unavailable folder as it is mounted now: another disk or none, or emptied on purpose."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import TrustCommand

    show_result(send_command(TrustCommand(folder), read_document(config)))


@app.command()
def reload(config: ConfigOption = None) -> None:
    """Let the running cutoutd read its configuration again; a configuration with faults changes nothing."""
    from cutoutd.control.connection.client import send_command
    from cutoutd.control.messages import ReloadCommand
    from cutoutd.core.logs import printable

    result = send_command(ReloadCommand(), read_running(config))
    for sentence in result.refused:
        say(printable(sentence), err=True)
    if result.refused:
        say("The configuration in force is unchanged.", err=True)
        raise typer.Exit(ExitCode.USAGE)
    show_result(result)


def resolve_paths(paths: list[str] | None, document: "ConfigurationFile") -> tuple[str, ...]:
    """Resolve names of photos here, because the running cutoutd has another working directory."""
    return tuple(resolve_path(path, document) for path in paths or ())


def confirm_payment(result: "CommandResult") -> None:
    """Ask for consent to the payment on a terminal; elsewhere require ``--yes``."""
    confirm(result, "To pay for that many, say --yes.")


def _send_if_agreed(
    command: "DismissCommand | GiveUpCommand", document: "ConfigurationFile", how_to_agree: str
) -> "CommandResult":
    """Say what a command would do, and send it if the user agrees; return what came of it, maybe nothing."""
    from dataclasses import replace

    from cutoutd.control.connection.client import send_command

    planned = send_command(replace(command, dry_run=True), document)
    if planned.is_idle:
        return planned
    confirm(planned, how_to_agree)
    return send_command(command, document)


def confirm(result: "CommandResult", otherwise: str) -> None:
    """Ask for consent to what a dry run says, on a terminal; elsewhere end with the sentence ``otherwise``."""
    from cutoutd.core.logs import printable

    for sentence in result.done:
        say(f"{printable(sentence)}.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        say(f"Nothing was done. {otherwise}", err=True)
        raise typer.Exit(ExitCode.USAGE)
    typer.confirm("Continue?", abort=True)


def show_result(result: "CommandResult") -> None:
    """Show what was done and what was not; if something was not, end with exit code 1."""
    from cutoutd.core.logs import printable

    for sentence in result.done:
        say(f"{_begun(printable(sentence))}.")
    for sentence in result.refused:
        say(f"Left alone: {printable(sentence)}.", err=True)
    if result.refused:
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


def _begun(sentence: str) -> str:
    """Return a sentence with a capital, unless it begins with the name of a folder, a key or the program."""
    first = sentence.partition(" ")[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() and first != "cutoutd" else sentence
