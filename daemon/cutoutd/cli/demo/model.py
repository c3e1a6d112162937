"""The model of ``cutoutd try --engine model``: found or downloaded before the trial begins."""

import sys

import typer

from cutoutd.cli.exit_codes import ExitCode
from cutoutd.core.errors import CutoutdError
from cutoutd.sandbox.engine.model_catalog import DEFAULT_MODEL
from cutoutd.sandbox.engine.model_files import ModelError, default_folder, find_model, require_runtime


class ModelMissingError(CutoutdError):
    """The model of the trial cannot be used here."""

    title = "The model is not available"
    default_advice = "Without --engine model, nothing has to be downloaded."


def model_options(wanted: str | None, *, is_agreed: bool) -> tuple[str, str]:
    """Return the sandbox's options for a model; a download is agreed to first, by ``is_agreed`` or by an answer.

    Raises:
        ModelMissingError: The model cannot be used here.
        typer.Exit: Nothing can be asked for here.
        typer.Abort: The answer was no.
    """

    def agree(question: str) -> bool:
        typer.echo(question)
        if is_agreed:
            return True
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            typer.echo("Nothing was done. To download it, say --yes.", err=True)
            raise typer.Exit(ExitCode.USAGE)
        return typer.confirm("Download it?", abort=True)

    try:
        require_runtime()
        return "--model", str(find_model(wanted or DEFAULT_MODEL, default_folder(), agree).resolve())
    except ModelError as error:
        raise ModelMissingError(str(error)) from error
