"""The application that commands register with, and what they share: options, and the configuration they name."""

import os
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cutoutd import __version__
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.core.photo_selector import PhotoSelector, selectors_for

if TYPE_CHECKING:
    from cutoutd.config.settings import ConfigurationFile, Settings

T = TypeVar("T")

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


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"cutoutd {__version__}")
        raise typer.Exit


def run_to_end(work: "Coroutine[object, object, T]") -> T:
    """What the work comes to; a second signal, which cancels it, ends the program.

    asyncio is imported here, because it is half of what ``--help`` would import of ours.
    """
    import asyncio

    try:
        return asyncio.run(work)
    except asyncio.CancelledError as error:
        raise SystemExit(ExitCode.INTERRUPTED) from error


def read_settings(explicit: Path | None) -> "Settings":
    """The whole configuration, with its secret; what is wrong with it ends the command."""
    from cutoutd import config

    return config.load(config.find(explicit, os.environ, Path.cwd()), os.environ)


def read_again(explicit: Path | None) -> "Callable[[], Settings]":
    """What reads the very configuration that ``read_settings`` reads now, whatever becomes of it."""
    from cutoutd import config

    source = config.find(explicit, os.environ, Path.cwd())
    return lambda: config.load(source, os.environ)


def read_document(explicit: Path | None) -> "ConfigurationFile":
    """For looking at the ledger: it needs no secret, so whoever looks need not be able to read that."""
    from cutoutd import config

    return config.read(config.find(explicit, os.environ, Path.cwd()), os.environ)


def as_meant(path: str, document: "ConfigurationFile") -> str:
    """What a person wrote to name a photo; a name that is a file of an input, seen from here, means that file."""
    file = os.path.abspath(path)  # noqa: PTH100  links stay, as in the inputs
    return file if os.path.lexists(file) and selectors_for(file, _inputs(document)) else path


def selectors_meant(path: str | None, document: "ConfigurationFile") -> Sequence[PhotoSelector] | None:
    """Every way to read what a person wrote to name a photo; None for no name."""
    return None if path is None else selectors_for(as_meant(path, document), _inputs(document))


def _inputs(document: "ConfigurationFile") -> dict[str, Path]:
    return {folder.name: folder.input for folder in document.folders}
