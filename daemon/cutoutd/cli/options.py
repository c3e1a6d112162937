"""The application that the commands register with, their common options, and the configuration that they name."""

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cutoutd import __version__
from cutoutd.cli.exit_codes import ExitCode
from cutoutd.core.errors import ConfigurationError, DiskError
from cutoutd.core.logs import printable
from cutoutd.core.photo.photo_selector import PhotoSelector, selectors_for

if TYPE_CHECKING:
    from cutoutd.config.settings import CommonSettings, ConfigurationFile, Settings

T = TypeVar("T")
AnySettings = TypeVar("AnySettings", bound="CommonSettings")


def _open_streams() -> None:
    """Open /dev/null in place of closed standard streams, because else a file of ours would become one of them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  open to the end


_open_streams()

_UNUSABLE = (
    "The configuration cannot be used now: `cutoutd check` says why. This is about the running cutoutd, which uses the"
    " one that it has read before."
)
_MOVED = (
    "The configuration names {0} as {2}, but the running cutoutd still uses {1}. This is about the running one;"
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


def say(text: str, *, err: bool = False) -> None:
    """Write text for people, in which only line feeds command the terminal, wherever its parts come from."""
    typer.echo("\n".join(map(printable, text.split("\n"))), err=err)


def run_to_end(work: "Coroutine[object, object, T]") -> T:
    """Run a coroutine and return its result; a second signal, which cancels it, ends the program.

    asyncio is imported here, because it would be half of the imports of ``--help``.
    """
    import asyncio

    try:
        return asyncio.run(work)
    except asyncio.CancelledError as error:
        raise SystemExit(ExitCode.INTERRUPTED) from error


def working_folder() -> Path:
    """Return the working directory.

    Raises:
        ConfigurationError: it was deleted, so no relative name means anything.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        fault = "the folder that you are in was deleted; change to another one and type the command again"
        raise ConfigurationError((fault,)) from None


def read_settings(explicit: Path | None) -> "Settings":
    """Read the whole configuration, with its secret; a fault in it ends the command."""
    from cutoutd import config

    return config.load(config.find(explicit, os.environ, working_folder()), os.environ)


def settings_reader(explicit: Path | None) -> "tuple[Callable[[], Settings], Path]":
    """Return a function that reads again the file that ``read_settings`` reads now, and the file."""
    from cutoutd import config

    source = config.find(explicit, os.environ, working_folder())
    return lambda: config.load(source, os.environ), source


def read_settings_as_owner(explicit: Path | None) -> "Settings":
    """Read the whole configuration, then act with the rights of the state folder's owner."""
    return _as_owner(read_settings(explicit))


def read_document(explicit: Path | None, *, is_scanning: bool = False) -> "ConfigurationFile":
    """Read the configuration without its secret, because reading the ledger must not need access to it.

    A command of root's then acts with the rights of the state folder's owner. One that scans photos keeps root's, and
    refuses a state folder with links.
    """
    from cutoutd import config

    document = config.read(config.find(explicit, os.environ, working_folder()), os.environ)
    return _as_owner(document, is_scanning=is_scanning)


def _as_owner(settings: "AnySettings", *, is_scanning: bool = False) -> "AnySettings":
    from cutoutd.core.rights import become_owner_of, refuse_links_in

    try:
        (refuse_links_in if is_scanning else become_owner_of)(settings.state_dir)
    except OSError as error:
        raise DiskError(f"the state folder {settings.state_dir} cannot be used: {error.strerror}") from error
    return settings


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
        say(_UNUSABLE, err=True)
        return _as_owner(running)
    if not is_listening(document) and (running := _running(explicit)) is not None:
        say(_moved(document, running), err=True)
        return _as_owner(running)
    return document


def _moved(document: "CommonSettings", running: "CommonSettings") -> str:
    from cutoutd.control.connection.socket import client_socket_path

    if document.state_dir != running.state_dir:
        return _MOVED.format(document.state_dir, running.state_dir, "state_dir")
    return _MOVED.format(client_socket_path(document), client_socket_path(running), "control_socket")


def _running(explicit: Path | None) -> "CommonSettings | None":
    from cutoutd import config
    from cutoutd.control.connection.running_instances import running_settings

    try:
        return running_settings(config.find(explicit, os.environ, working_folder()))
    except ConfigurationError:
        usual = (running_settings(place) for place in (working_folder() / "config.yaml", config.SYSTEM_WIDE))
        return next((running for running in usual if running is not None), None) or running_settings(None)


def resolve_path(path: str, document: "CommonSettings") -> str:
    """Return the absolute path if ``path`` is a file of an input here, else ``path`` itself."""
    file = os.path.abspath(path)  # noqa: PTH100  links stay, as in the inputs
    return file if os.path.lexists(file) and selectors_for(file, _inputs(document)) else path


def selectors_of(path: str | None, document: "CommonSettings") -> Sequence[PhotoSelector] | None:
    """Return every meaning of a photo's name; None without a name."""
    return None if path is None else selectors_for(resolve_path(path, document), _inputs(document))


def _inputs(document: "CommonSettings") -> dict[str, Path]:
    return {folder.name: folder.input for folder in document.folders}
