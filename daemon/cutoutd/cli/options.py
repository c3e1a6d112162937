"""The application that the commands register with, their common options, and the configuration that they name."""

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cutoutd import __version__
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.core.errors import ConfigurationError
from cutoutd.core.photo_selector import PhotoSelector, selectors_for

if TYPE_CHECKING:
    from cutoutd.config.settings import CommonSettings, ConfigurationFile, Settings

T = TypeVar("T")

_UNUSABLE = (
    "The configuration cannot be used now: `cutoutd check` says why. This is about the running cutoutd, which uses the"
    " one that it has read before."
)
_MOVED = (
    "The configuration names {} as state_dir, but the running cutoutd still uses {}. This is about the running one;"
    " restart it to change over."
)


app = typer.Typer(
    name="cutoutd",
    help="Drop a photo into a watched folder, find its transparent PNG in the mirrored folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Because frames in a pipe fold each sentence at 80 columns, where programs search it.
    rich_markup_mode="rich" if sys.stdout.isatty() and sys.stderr.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; default: $CUTOUTD_CONFIG, ./config.yaml, /etc/cutoutd/config.yaml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output, documented and stable.")]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"cutoutd {__version__}")
        raise typer.Exit


def run_to_end(work: "Coroutine[object, object, T]") -> T:
    """Run a coroutine and return its result; a second signal, which cancels it, ends the program.

    asyncio is imported here, because it would be half of the imports of ``--help``.
    """
    import asyncio

    try:
        return asyncio.run(work)
    except asyncio.CancelledError as error:
        raise SystemExit(ExitCode.INTERRUPTED) from error


def read_settings(explicit: Path | None) -> "Settings":
    """Read the whole configuration, with its secret; a fault in it ends the command."""
    from cutoutd import config

    return config.load(config.find(explicit, os.environ, Path.cwd()), os.environ)


def settings_reader(explicit: Path | None) -> "tuple[Callable[[], Settings], Path]":
    """Return a function that reads again the file that ``read_settings`` reads now, and the file."""
    from cutoutd import config

    source = config.find(explicit, os.environ, Path.cwd())
    return lambda: config.load(source, os.environ), source


def read_document(explicit: Path | None) -> "ConfigurationFile":
    """Read the configuration without its secret, because reading the ledger must not need access to it."""
    from cutoutd import config

    return config.read(config.find(explicit, os.environ, Path.cwd()), os.environ)


def read_running(explicit: Path | None) -> "CommonSettings":
    """Read the configuration as ``read_document``; if it cannot be used, return what the running cutoutd uses.

    Because whatever the file says now, a user must be able to look at cutoutd and to pause it.
    """
    from cutoutd.control.connection.client import is_listening

    try:
        document = read_document(explicit)
    except ConfigurationError:
        if (running := _running(explicit)) is None:
            raise
        typer.echo(_UNUSABLE, err=True)
        return running
    if not is_listening(document) and (running := _running(explicit)) is not None:
        typer.echo(_MOVED.format(document.state_dir, running.state_dir), err=True)
        return running
    return document


def _running(explicit: Path | None) -> "CommonSettings | None":
    from cutoutd import config
    from cutoutd.control.connection.running_instances import running_settings

    try:
        source = config.find(explicit, os.environ, Path.cwd())
    except ConfigurationError:
        source = None
    return running_settings(source)


def resolve_path(path: str, document: "CommonSettings") -> str:
    """Return the absolute path if ``path`` is a file of an input here, else ``path`` itself."""
    file = os.path.abspath(path)  # noqa: PTH100  links stay, as in the inputs
    return file if os.path.lexists(file) and selectors_for(file, _inputs(document)) else path


def selectors_of(path: str | None, document: "CommonSettings") -> Sequence[PhotoSelector] | None:
    """Return every meaning of a photo's name; None without a name."""
    return None if path is None else selectors_for(resolve_path(path, document), _inputs(document))


def _inputs(document: "CommonSettings") -> dict[str, Path]:
    return {folder.name: folder.input for folder in document.folders}
