"""Checks that a narrow profile makes besides those of every world, in the middle of its weather or at its end."""

from collections.abc import Iterator
from pathlib import Path

from simulation.books import Row, is_sound_cutout, photos_in, remote_files_in, service_books, standing_of
from simulation.events import Scene
from simulation.pictures import photo
from simulation.story import Check


def rows_of(scene: Scene) -> list[Row]:
    """Return the ledger's rows, without those of versions that count no more."""
    return [row for row in photos_in(scene.world.root / "state") if row["state"] != "superseded"]


def described(row: Row) -> str:
    """Return a photo with where it stands."""
    return f"{row['folder']}/{row['path']} ({standing_of(row)})"


def is_done_in(folder: str, name: str = "") -> Check:
    """Return the check that the photos of a folder, or the one of this name, are published."""

    def check(scene: Scene) -> Iterator[str]:
        rows = [row for row in rows_of(scene) if row["folder"] == folder and name in {"", row["path"]}]
        if not rows:
            yield f"{folder}/{name} was not found yet"
        for row in rows:
            if row["state"] != "published":
                yield f"not done by then: {described(row)}"

    return check


def only_wait(what: str, may_wait: str) -> Check:
    """Return the check that only photos with a value in this column still wait."""

    def check(scene: Scene) -> Iterator[str]:
        for row in rows_of(scene):
            if row["state"] != "published" and not row[may_wait]:
                yield f"{what} holds up {described(row)}"

    return check


def asked_at_most(times: int, kind: str) -> Check:
    """Return the check that no address got more requests of a kind than this."""

    def check(scene: Scene) -> Iterator[str]:
        for (asked, path), number in scene.world.internet.asked.items():
            if asked == kind and number > times:
                yield f"{kind} was asked for {number} times, which costs money each time: {path}"

    return check


def keeps_nothing(scene: Scene) -> Iterator[str]:
    """Yield the files that are still at the service."""
    books = service_books(scene.world.root / "sandbox")
    yield from (f"the service still has {books.hashes[uuid][:12]} ({uuid})" for uuid in sorted(books.kept))


def keeps_only_known(scene: Scene) -> Iterator[str]:
    """Yield the files at the service that the ledger does not know, so that nothing ever deletes them."""
    known = _noted(scene)
    for uuid in sorted(service_books(scene.world.root / "sandbox").kept - known):
        yield f"the service has a file that nothing will ever delete: {uuid}"


def records_deletions(scene: Scene) -> Iterator[str]:
    """Yield the files that were deleted at the service, and are noted as being there."""
    books = service_books(scene.world.root / "sandbox")
    for uuid in sorted(_noted(scene) - books.kept):
        yield f"a deletion was not recorded, and will be repeated: {uuid}"


def cuts_no_paid_call(scene: Scene) -> Iterator[str]:
    """Yield the paid calls that the product gave up before their time."""
    for at_s in scene.world.internet.cut_calls_s:
        yield f"a paid call was cut off at {at_s:.0f} s, before its answer came"


def has_cutout(folder: str, target: str) -> Check:
    """Return the check that a cutout is still in its output."""

    def check(scene: Scene) -> Iterator[str]:
        if not (scene.world.output(folder) / target).is_file():
            yield f"the cutout {folder}/{target} is gone, though its photo is on a share that cannot be seen"

    return check


def _noted(scene: Scene) -> set[str]:
    return {row["uuid"] for row in remote_files_in(scene.world.root / "state")}


def keeps_doubtful(scene: Scene) -> Iterator[str]:
    """Yield the photos that were deleted for a cutout which a look shows to be doubtful."""
    for (folder, name), put in scene.world.files.items():
        cutout = scene.world.output(folder) / Path(name).with_suffix(".png")
        if not (scene.world.input(folder) / name).exists() and not is_sound_cutout(cutout, photo(put.picture)):
            yield f"the photo {folder}/{name} is gone, though its cutout is doubtful"
