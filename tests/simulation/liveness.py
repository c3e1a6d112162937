"""The check that the weather left nothing behind: every photo that can be done is done, and nothing stands still."""

import time
from collections.abc import Iterator

from simulation.books import Row, photos_in, service_books
from simulation.events import Scene
from simulation.pictures import sha256_of


def faults_in(scene: Scene) -> list[str]:
    """Return what still waits."""
    rows = photos_in(scene.world.root / "state")
    newest = {(row["folder"], row["path"]): row for row in rows if row["state"] != "superseded"}
    faults = []
    books, doomed = service_books(scene.world.root / "sandbox"), scene.world.internet.doomed
    hopeless = books.hopeless | {removal.sha256 for removal in books.removals if removal.result in doomed}
    for (folder, name), put in sorted(scene.world.files.items()):
        if folder in scene.world.left or sha256_of(put.picture) in hopeless:
            continue
        row = newest.get((folder, name))
        if row is None:
            faults.append(f"{folder}/{name} was never found")
        elif {row["source_uuid"], row["result_uuid"]} & doomed:
            continue
        elif fault := _fault_of(row, sha256_of(put.picture)):
            faults.append(f"{folder}/{name}: {fault}")
    if not faults and scene.world.internet.faults:
        return []  # because what never ends may halt what is left
    return [*faults, *_standstills(scene)]


def _fault_of(row: Row, sha256: str) -> str | None:
    if row["state"] != "published":
        wait_s = max(0.0, row["wait_until_s"] - time.time())
        why = row["sentence"] or row["wait_reason"]
        return f"{row['state']}, {row['wait_kind']} for {wait_s:.0f} s: {why}"
    return None if row["sha256"] == sha256 else "an earlier version is published"


def _standstills(scene: Scene) -> Iterator[str]:
    service = scene.product.service
    if service is None:
        yield "cutoutd does not run"
        return
    if service.core.breaker.error is not None:
        yield f"a halt goes on: {service.core.breaker.error.sentence}"
    for folder in service.watchers.availability.unavailable():
        yield f"unavailable: {folder}"
    if service.core.pause.remaining_s() > 0:
        yield "a pause goes on"
