"""The commands that keep the ledger: a copy of it, and a new one when there is none."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutoutd.cli.options import ConfigOption, app, read_document

if TYPE_CHECKING:
    from cutoutd.app.rebuild import RebuildResult


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Copy the ledger to FILE, also while cutoutd runs: consistent, verified, readable by you alone."""
    from cutoutd.ledger import back_up

    photos = back_up(read_document(config).state_dir, file, is_replacing=force)
    typer.echo(f"{file} knows {photos:,} {'photo' if photos == 1 else 'photos'}.")


@app.command()
def rebuild(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be restored.")] = False,
) -> None:
    """Make a lost ledger anew from the cutouts, or add what it lacks, so that nothing is paid for again."""
    from rich.console import Console

    from cutoutd.app.rebuild import rebuild as rebuild_ledger

    document = read_document(config)
    console = Console(stderr=True)
    with console.status("looking for cutouts") as line:
        salvage = rebuild_ledger(document, lambda number: line.update(f"{number:,} cutouts looked at"), dry_run=dry_run)
    for sentence in _sentences(salvage, is_rehearsal=dry_run):
        typer.echo(sentence)


def _sentences(salvage: "RebuildResult", *, is_rehearsal: bool) -> list[str]:
    where = ", ".join(map(str, salvage.outputs))
    told = [
        f"{salvage.examined:,} PNG files in {where} were looked at.",
        f"{salvage.restored:,} published photos {'would be' if is_rehearsal else 'were'} restored.",
    ]
    remarks = (
        (salvage.known, "were in the ledger already, or are second copies of a cutout"),
        (salvage.edited, "were edited since; they count as paid for, but copies of their photos do not reuse them"),
        (
            salvage.without_source,
            "have no source any more, or another one at its path; it reuses them should it come back",
        ),
        (salvage.unreadable, "could not be read, and were left out"),
        (salvage.without_provenance, "carry nothing of where they came from (provenance), and were left out"),
    )
    told += [f"{number:,} {what}." for number, what in remarks if number]
    if salvage.unknown_photos:
        told.append(
            f"WARNING: {salvage.unknown_photos:,} photos in the inputs are not in the ledger. The next run takes them"
            " up, and pays for those that are no copies of restored ones. Whatever was paid for before and is among"
            " them is paid for again: move it out of the input first. A batch above limits.confirm_over waits for you."
        )
    return told
