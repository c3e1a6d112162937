"""The commands that order something, of the running cutoutd or, when none runs, of the ledger itself."""

from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.application import ConfigOption, app, read_document
from cutoutd.exits import ExitCode

if TYPE_CHECKING:
    from cutoutd.control.orders import Answer

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
    from cutoutd.control.client import give
    from cutoutd.control.orders import Retry

    if bool(paths) is failed:
        raise typer.BadParameter("name the photos, or say --failed", param_hint="PATH")
    tell(give(Retry(tuple(paths or ())), read_document(config)))


def tell(answer: "Answer") -> None:
    """Say what was done, and what was not; exit code 1 when something was not."""
    from cutoutd.logs import printable

    for sentence in answer.done:
        typer.echo(f"{printable(sentence)}.")
    for sentence in answer.refused:
        typer.echo(f"Left alone: {printable(sentence)}.", err=True)
    if answer.refused:
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)
