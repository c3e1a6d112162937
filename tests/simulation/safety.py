"""The promises that no weather may break: nothing paid twice, nothing wrong, nothing of others touched."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from simulation.books import Row, ServiceBooks, lost_launches_in, photos_in, service_books
from simulation.pictures import OWN_SHAPES, sha256_of
from simulation.world import World

#: A kill so soon after a response may have come before it was stored.
_STORED_WITHIN_S = 5.0


def faults_in(world: World) -> list[str]:
    """Return the broken promises."""
    books = service_books(world.root / "sandbox")
    if world.is_unsent and (number := lost_launches_in(world.root / "state")):
        return [f"{number} launches are told as lost, though the service shows that none was made"]
    return [*_paid_twice(world, books), *_wrong_cutouts(world, books), *_foreign(world), *_sources(world)]


def _paid_twice(world: World, books: ServiceBooks) -> Iterator[str]:
    """Yield the pictures with more removals than lost responses, failures and orders explain."""
    paid = Counter((removal.sha256, removal.parameters) for removal in books.removals)
    excused: Counter[tuple[str, str]] = Counter()
    lost = {
        each.request_id
        for each in world.internet.executions
        if each.answered_at_s is None or any(0 <= at_s - each.answered_at_s < _STORED_WITHIN_S for at_s in world.kills)
    }
    for removal in books.removals:
        is_lost = removal.request_id in lost and not world.is_search_easy
        excused[removal.sha256, removal.parameters] += is_lost or removal.status == "error"
    for row in _replaced(photos_in(world.root / "state")):  # a cutout that is gone cannot be reused
        excused[row["sha256"], row["parameters"]] += 1
    for key, number in paid.items():
        if number > 1 + excused[key]:
            yield f"{_name(key[0])} was paid for {number} times; {excused[key]} of them are explained"


def _replaced(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with a paid cutout that a newer version of the photo took the place of."""
    newest = {(row["output"], row["target"]): row["id"] for row in rows if row["state"] == "published"}
    for row in rows:
        is_published = row["state"] == "published"
        if (is_published and newest[row["output"], row["target"]] != row["id"]) or (
            row["state"] == "superseded" and row["request_id"] is not None
        ):
            yield row


def _wrong_cutouts(world: World, books: ServiceBooks) -> Iterator[str]:
    made: dict[str, set[str]] = {}
    for removal in books.removals:
        if removal.result is not None:
            made.setdefault(removal.sha256, set()).add(books.hashes[removal.result])
    rows = photos_in(world.root / "state")
    replaced = {row["id"] for row in _replaced(rows)}
    for row in rows:
        if row["state"] != "published" or row["id"] in replaced:
            continue
        file = world.output(row["folder"]) / row["target"]
        if not file.is_file():
            yield f"{row['folder']}/{row['path']} is published, but {row['target']} is not there"
        elif hashlib.sha256(file.read_bytes()).hexdigest() not in made.get(row["sha256"], set()):
            yield f"{row['target']} is not the service's result for {row['folder']}/{row['path']}"


def _foreign(world: World) -> Iterator[str]:
    for file, sha256 in world.foreign.items():
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield f"the foreign file {file.name} was changed or removed"


def _sources(world: World) -> Iterator[str]:
    for (folder, name), put in world.files.items():
        file = world.input(folder) / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256_of(put.picture):
            yield f"the photo {folder}/{name} was changed or removed"


def _name(sha256: str) -> str:
    return next((f"picture {number}" for number in range(2 * OWN_SHAPES) if sha256_of(number) == sha256), sha256[:12])
