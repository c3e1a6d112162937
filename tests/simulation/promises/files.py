"""People's files: none is lost at any moment, and a source leaves only for a sure cutout that is published."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from simulation.books import photos_in
from simulation.events import Scene
from simulation.pictures import sha256_of
from simulation.world import Put, World


def faults_in(scene: Scene) -> Iterator[str]:
    """Yield what is lost or wrong at this moment; trees that are away keep what they have."""
    yield from _of_others(scene)
    yield from _sources(scene)


def hash_of(file: Path) -> str | None:
    """Return the hash of a file; None without one."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _of_others(scene: Scene) -> Iterator[str]:
    world = scene.world
    for what, files in (("foreign file", world.foreign), ("retouched cutout", world.retouched)):
        for file, sha256 in files.items():
            if _is_away(scene, file) or hash_of(file) == sha256:
                continue
            if not _is_told_elsewhere(file, sha256):
                yield f"the {what} {file.name} was changed or removed"


def _is_told_elsewhere(file: Path, sha256: str) -> bool:
    """Return True if it is set aside for this moment, or got a numbered name because another file came."""
    near = file.parent.iterdir() if file.parent.is_dir() else ()
    return any(file.stem in each.name and hash_of(each) == sha256 for each in near)


def _sources(scene: Scene) -> Iterator[str]:
    world = scene.world
    missing = [
        (folder, name, put)
        for (folder, name), put in world.files.items()
        if not _is_away(scene, world.input(folder) / name)
        and hash_of(world.input(folder) / name) != sha256_of(put.picture)
    ]
    if not missing:
        return
    published = {
        (row["folder"], row["path"], row["sha256"])
        for row in photos_in(world.root / "state")
        if row["state"] == "published" and row["doubt"] is None
    }
    for folder, name, put in missing:
        if _leaving(world, folder) == "keep" or (world.input(folder) / name).exists():
            yield f"the photo {folder}/{name} was changed or removed"
        elif (folder, name, sha256_of(put.picture)) not in published:
            yield f"the photo {folder}/{name} left before a sure cutout of it was published"
        elif not _is_kept(world, folder, name, put):
            yield f"the photo {folder}/{name} left, and is not where on_success puts it"


def _leaving(world: World, folder: str) -> str:
    return next(str(each.on_success) for each in world.all_folders if each.name == folder)


def _is_kept(world: World, folder: str, name: str, put: Put) -> bool:
    """Return True if a photo that left is where it belongs, or hidden on its way there."""
    hidden = [*(world.input(folder) / name).parent.glob(".cutoutd-aside-*")]
    places = {"move": [*(world.root / f"{folder}-archive").rglob("*.jpg")], "trash": [*world.trash.glob("files/*")]}
    action = _leaving(world, folder)
    return action == "delete" or any(
        hash_of(each) == sha256_of(put.picture) for each in (*places.get(action, ()), *hidden)
    )


def _is_away(scene: Scene, file: Path) -> bool:
    return any(file.is_relative_to(scene.world.root / tree) for tree in scene.away)
