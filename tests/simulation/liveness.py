"""The check that the weather left nothing behind: every photo that can be done is done, and nothing stands still."""

import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from simulation.books import Removal, Row, ServiceBooks, launches_in, photos_in, service_books, standing_of
from simulation.events import Scene
from simulation.pictures import sha256_of
from simulation.world import World

#: The ends of a photo of which a removal failed, or was given up.
_ENDS = frozenset({"failed", "dismissed"})

#: A sound removal ends sooner.
_LONGEST_REMOVAL_S = 90.0


def faults_in(scene: Scene) -> list[str]:
    """Return what still waits."""
    rows = photos_in(scene.world.root / "state")
    newest = {(row["folder"], row["path"]): row for row in rows if row["state"] != "superseded"}
    faults = []
    books, doomed = service_books(scene.world.root / "sandbox"), scene.world.internet.doomed
    doomed_pictures = books.vanished | {removal.sha256 for removal in books.removals if removal.result in doomed}
    hung = {removal.sha256 for removal in hung_removals(scene.world, books)}
    may_wait = doomed_pictures if scene.world.has_given_up else doomed_pictures | hung
    for (folder, name), put in sorted(scene.world.files.items()):
        if folder in scene.world.left or sha256_of(put.picture) in may_wait:
            continue
        row = newest.get((folder, name))
        if row is None:
            faults.append(f"{folder}/{name} was never found")
        elif (
            {row["source_uuid"], row["result_uuid"]} & doomed
            or _has_ended(row, books.failed | hung)
            or (row["wait_kind"] == "held" and _is_spent(scene.world))
        ):
            continue
        elif fault := _fault_of(row, sha256_of(put.picture)):
            faults.append(f"{folder}/{name}: {fault}")
    if not faults and scene.world.internet.faults:
        return []  # because what never ends may halt what is left
    return [*faults, *_standstills(scene)]


def _has_ended(row: Row, failed: AbstractSet[str]) -> bool:
    return row["state"] in _ENDS and row["sha256"] in failed


def _is_spent(world: World) -> bool:
    """Return True if no launch of this day or month is left."""
    assert world.settings is not None
    limits, today = world.settings.limits, time.strftime("%Y-%m-%d", time.gmtime(time.time()))
    days = [each["day"] for each in launches_in(world.root / "state") if not each["is_returned"]]
    of_month = sum(day[:7] == today[:7] for day in days)
    pairs = ((limits.per_day, days.count(today)), (limits.per_month, of_month))
    return any(limit is not None and number >= limit for limit, number in pairs)


def hung_removals(world: World, books: ServiceBooks) -> list[Removal]:
    """Return the removals that have run for longer than any sound one takes."""
    before_s = world.clock.elapsed_s - _LONGEST_REMOVAL_S
    old = {each.request_id for each in world.internet.executions if each.at_s < before_s}
    return [each for each in books.removals if each.status == "in_progress" and each.request_id in old]


def _fault_of(row: Row, sha256: str) -> str | None:
    if row["state"] != "published":
        return standing_of(row)
    return None if row["sha256"] == sha256 else "an earlier version is published"


def _standstills(scene: Scene) -> Iterator[str]:
    service = scene.product.service
    if service is None:
        yield "cutoutd does not run"
        return
    if service.core.breaker.error is not None:
        yield f"a halt goes on: {service.core.breaker.error.sentence}"
    for folder in service.watchers.availability.unavailable():
        if folder.folder not in scene.world.left:
            yield f"unavailable: {folder}"
    if service.core.pause.remaining_s() > 0:
        yield "a pause goes on"
