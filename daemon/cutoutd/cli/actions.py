"""The commands that order something, of the running cutoutd or, when none runs, of the ledger itself."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.options import ConfigOption, app, as_meant, read_document

if TYPE_CHECKING:
    from cutoutd.config.settings import ConfigurationFile
    from cutoutd.control.messages import CommandResult

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="A photo: its file, or FOLDER/PATH as status shows it; or a folder."),
]


@app.command()
def retry(
    paths: PathsArgument = None,
    config: ConfigOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="All photos that failed.")] = False,
) -> None:
    """Let photos that failed, were rejected or wait go on; what was paid for is not paid for again."""
    from cutoutd.control.client import send_command
    from cutoutd.control.messages import RetryCommand

    if bool(paths) is failed:
        raise typer.BadParameter("name the photos, or say --failed", param_hint="PATH")
    document = read_document(config)
    tell(send_command(RetryCommand(all_meant(paths, document)), document))


@app.command()
def reprocess(  # noqa: PLR0913, PLR0917  its options
    paths: PathsArgument = None,
    config: ConfigOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="All whose cutout is gone from the output.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="All made with other remove_bg parameters.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay for it without asking.")] = False,
) -> None:
    """Make cutouts anew; the photos you name are paid for again. Earlier cutouts stay until they are replaced."""
    from dataclasses import replace

    from cutoutd.control.client import send_command
    from cutoutd.control.messages import ReprocessCommand, Scope

    if [bool(paths), missing, changed].count(True) != 1:
        raise typer.BadParameter("name the photos, or say --missing or --changed", param_hint="PATH")
    which = Scope.MISSING if missing else Scope.CHANGED if changed else Scope.NAMED
    document = read_document(config)
    order = ReprocessCommand(all_meant(paths, document), which, dry_run=dry_run, max_removals=None if yes else 0)
    answer = send_command(order, document)
    if not answer.is_done and not dry_run:
        agree(answer)
        answer = send_command(replace(order, max_removals=answer.payable), document)
    tell(answer)


@app.command()
def approve(
    folder: Annotated[str | None, typer.Argument(help="Its name; without it, every folder that waits.")] = None,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many there are, and the cost.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay for them without asking.")] = False,
) -> None:
    """Agree to pay for a large batch of new photos: those that are there now. Later ones are a new batch."""
    from cutoutd.control.client import send_command
    from cutoutd.control.messages import ApproveCommand

    document = read_document(config)
    if yes and not dry_run:
        tell(send_command(ApproveCommand(folder), document))
        return
    answer = send_command(ApproveCommand(folder, dry_run=True), document)
    if not answer.is_done and not dry_run:
        agree(answer)
        answer = send_command(ApproveCommand(folder, max_removals=answer.payable), document)
    tell(answer)


@app.command()
def pause(
    reason: Annotated[str, typer.Argument(help="Why, for whoever looks.")] = "",
    config: ConfigOption = None,
) -> None:
    """Send and launch nothing new, also after a restart; what is launched is finished and published."""
    from cutoutd.control.client import send_command
    from cutoutd.control.messages import PauseCommand

    tell(send_command(PauseCommand(reason), read_document(config)))


@app.command()
def resume(config: ConfigOption = None) -> None:
    """Go on after a pause."""
    from cutoutd.control.client import send_command
    from cutoutd.control.messages import ResumeCommand

    tell(send_command(ResumeCommand(), read_document(config)))


@app.command()
def reload(config: ConfigOption = None) -> None:
    """Let the running cutoutd read its configuration anew; with a fault in it, the old one stays in force."""
    from cutoutd.control.client import send_command
    from cutoutd.control.messages import ReloadCommand
    from cutoutd.core.logs import printable

    answer = send_command(ReloadCommand(), read_document(config))
    for sentence in answer.refused:
        typer.echo(printable(sentence), err=True)
    if answer.refused:
        typer.echo("The configuration in force stays so.", err=True)
        raise typer.Exit(ExitCode.USAGE)
    tell(answer)


def all_meant(paths: list[str] | None, document: "ConfigurationFile") -> tuple[str, ...]:
    """The names as the clerk can read them, who is somewhere else."""
    return tuple(as_meant(path, document) for path in paths or ())


def agree(answer: "CommandResult") -> None:
    """Ask on a terminal whether so much may be paid; elsewhere that has to be said beforehand."""
    from cutoutd.core.logs import printable

    for sentence in answer.done:
        typer.echo(f"{printable(sentence)}.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo("Nothing was done. If that many may be paid for, say --yes.", err=True)
        raise typer.Exit(ExitCode.USAGE)
    typer.confirm("Go on?", abort=True)


def tell(answer: "CommandResult") -> None:
    """Say what was done, and what was not; exit code 1 when something was not."""
    from cutoutd.core.logs import printable

    for sentence in answer.done:
        typer.echo(f"{printable(sentence)}.")
    for sentence in answer.refused:
        typer.echo(f"Left alone: {printable(sentence)}.", err=True)
    if answer.refused:
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)
