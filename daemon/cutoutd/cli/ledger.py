"""The commands for the ledger: ``backup`` copies it, ``rebuild`` restores a lost one."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.exit_codes import ExitCode
from cutoutd.cli.options import ConfigOption, app, read_document, read_settings, say

if TYPE_CHECKING:
    from cutoutd.app.rebuild import RebuildResult

_MAX_NAMED = 3


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file of the copy.")],
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Copy the ledger to FILE, also while cutoutd runs; the copy is verified, and only you can read it."""
    from cutoutd.ledger import back_up

    photos = back_up(read_document(config).state_dir, file, is_replacing=force)
    say(f"{file} knows {photos:,} {'photo' if photos == 1 else 'photos'}.")


@app.command()
def rebuild(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be restored.")] = False,
    trust_unsigned: Annotated[
        bool, typer.Option("--trust-unsigned", help="Believe cutouts that this installation did not sign, too.")
    ] = False,
) -> None:
    """Restore a lost ledger from the cutouts, or add what it lacks, so that nothing is paid for twice."""
    from cutoutd.app.rebuild import rebuild as rebuild_ledger
    from cutoutd.cli.terminal import output_console
    from cutoutd.files.provenance import provenance_keys

    document = read_document(config)
    provenance_keys.open(document.state_dir, _secret_key(config), _kept_key(document.state_dir))
    console = output_console(stderr=True)
    with console.status("searching for cutouts") as line:
        result = rebuild_ledger(
            document,
            lambda number: line.update(f"{number:,} cutouts read"),
            dry_run=dry_run,
            trusts_unsigned=trust_unsigned,
        )
    for sentence in _sentences(result, is_dry_run=dry_run):
        say(sentence)
    if result.unreadable_folders:
        raise typer.Exit(ExitCode.SOME_NOT_PUBLISHED)


def _secret_key(config: Path | None) -> str | None:
    """Return the secret key of the project; None if this user may not read it."""
    from cutoutd.core.errors import ConfigurationError

    with suppress(ConfigurationError):
        return read_settings(config).uploadcare.secret_key.get_secret_value()
    return None


def _kept_key(state_dir: Path) -> str | None:
    """Return the key that the ledger keeps; None if there is no ledger, or it cannot be read."""
    from cutoutd.core.errors import CutoutdError
    from cutoutd.files.provenance import KEPT_KEY
    from cutoutd.ledger import read_ledger
    from cutoutd.ledger.queries import photos

    with suppress(CutoutdError), read_ledger(state_dir) as ledger:
        return photos.remembered(ledger, KEPT_KEY)
    return None


def _sentences(result: "RebuildResult", *, is_dry_run: bool) -> list[str]:
    from cutoutd.core.logs import printable

    places = ", ".join(map(str, result.outputs))
    lines = [
        f"{result.examined:,} PNG files in {places} were read.",
        f"{result.restored:,} published photos {'would be' if is_dry_run else 'were'} restored.",
    ]
    remarks = (
        (result.known, "were in the ledger already, or are second copies of a cutout"),
        (result.edited, "were edited since; they count as paid for, but equal photos do not reuse them"),
        (
            result.without_source,
            "have no source any more, or another one at its path; if the photo comes back, its cutout is reused",
        ),
        (result.unreadable, "could not be read, and were left out"),
        (result.without_provenance, "do not name their source (provenance), and were left out"),
    )
    lines += [f"{number:,} {remark}." for number, remark in remarks if number]
    if result.unsigned:
        lines.append(_unsigned(result))
    if result.unreadable_folders:
        names = ", ".join(map(printable, result.unreadable_folders[:_MAX_NAMED]))
        lines.append(
            f"WARNING: {len(result.unreadable_folders):,} folders of the outputs cannot be read ({names}). Their"
            " cutouts were left out, and would be paid for again. Let this user read them, and run rebuild again."
        )
    if result.unknown_photos:
        lines.append(
            f"WARNING: {result.unknown_photos:,} photos in the inputs are not in the ledger. The next run pays"
            " for all of them that do not equal a restored one, also for those that were paid for before. Move photos"
            " that are already paid for out of the input first. A batch above limits.confirm_over waits for you."
        )
    return lines


def _unsigned(result: "RebuildResult") -> str:
    reason = (
        "were not signed by this installation"
        if result.can_verify
        else "cannot be verified, because this user may read neither the ledger nor the secret key"
    )
    return (
        f"WARNING: {result.unsigned:,} cutouts {reason}, and were left out: everyone who may write to an output can"
        " make such files. Cutouts of earlier versions have no signature. To believe them all: cutoutd rebuild"
        " --trust-unsigned."
    )
