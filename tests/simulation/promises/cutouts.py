"""Cutouts: each published file is the service's own result for that photo."""

import hashlib
from collections.abc import Iterator

from simulation.books import Row, ServiceBooks, photos_in, remote_files_in
from simulation.promises.money import replaced
from simulation.world import World


def faults_in(world: World, books: ServiceBooks) -> Iterator[str]:
    """Yield the published photos without their cutout, or with another one."""
    rows = photos_in(world.root / "state")
    old = {row["id"] for row in replaced(rows)}
    sent = _sent_as(world, rows, books)
    made: dict[str, set[str]] = {}
    for removal in books.removals:
        if removal.result is not None:
            made.setdefault(removal.sha256, set()).add(books.hashes[removal.result])
    for row in rows:
        if row["state"] != "published" or row["id"] in old:
            continue
        file = world.output(row["folder"]) / row["target"]
        if not file.is_file():
            yield f"{row['folder']}/{row['path']} is published, but {row['target']} is not there"
            continue
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        results = set().union(*(made.get(each, set()) for each in sent[row["sha256"], row["sent_within"]]))
        if found not in results and world.retouched.get(file) != found:
            yield f"{row['target']} is not the service's result for {row['folder']}/{row['path']}"


def _sent_as(world: World, rows: list[Row], books: ServiceBooks) -> dict[tuple[str, int], set[str]]:
    """Return the hashes of what was sent for each picture under each rule: a smaller copy has another one."""
    uploads: dict[int, set[str]] = {}
    for each in remote_files_in(world.root / "state"):
        if each["kind"] == "source":
            uploads.setdefault(each["photo_id"], set()).add(each["uuid"])
    sent: dict[tuple[str, int], set[str]] = {}
    for row in rows:
        known = sent.setdefault((row["sha256"], row["sent_within"]), set())
        if not row["sent_within"]:
            known.add(row["sha256"])
        of_row = {row["source_uuid"], *uploads.get(row["id"], ())} & books.hashes.keys()
        known |= {books.hashes[uuid] for uuid in of_row}
    return sent
