"""What stays at the service: nothing that cutoutd knows, of a photo that needs it no more."""

import asyncio
from collections.abc import Iterator

from simulation.books import Row, launches_in, photos_in, remote_files_in, service_books
from simulation.events import Scene
from simulation.promises.money import STORED_WITHIN_S, unknown_answers
from simulation.world import World

#: A usual cleanup comes within a minute. One that failed during the weather is tried again within an hour.
_LOOKS, _LOOK_EVERY_S = 60, 62.0

#: The states in which a photo may need its files for days.
_MAY_NEED = frozenset({"failed", "dismissed"})


async def faults_in(scene: Scene) -> list[str]:
    """Wait for the cleanup, and return the files that stay all the same."""
    world = scene.world
    if world.settings is None or str(world.settings.uploadcare.remote_cleanup) == "keep" or world.internet.faults:
        return []
    since_s = world.clock.elapsed_s
    left = list(_left(world))
    for _ in range(_LOOKS):
        if left:
            await asyncio.sleep(_LOOK_EVERY_S)
            left = list(_left(world))
    world.trace("cleaned", f"after {world.clock.elapsed_s - since_s:.0f} s: {len(left)} files stay")
    return left


def _left(world: World) -> Iterator[str]:
    state = world.root / "state"
    books, rows = service_books(world.root / "sandbox"), {row["id"]: row for row in photos_in(state)}
    noted: dict[str, list[Row]] = {}
    for each in remote_files_in(state):
        noted.setdefault(each["uuid"], []).append(rows[each["photo_id"]])
    known_ids = {launch["request_id"]: rows[launch["photo_id"]] for launch in launches_in(state)}
    unknown, results = unknown_answers(world), {removal.result: removal for removal in books.removals}
    for uuid in sorted(books.kept):
        removal = results.get(uuid)
        if removal is None:
            is_unknown, owners = _is_unknown_upload(world, uuid), noted.get(uuid, [])
        else:
            owner = known_ids.get(removal.request_id)
            is_unknown = removal.request_id in unknown and owner is None
            owners = noted.get(uuid, [owner] if owner is not None else [])
        if any(_may_need(row) or row["folder"] in world.stays_away for row in owners) or (is_unknown and not owners):
            continue
        whose = ", ".join(f"{row['folder']}/{row['path']} ({row['state']})" for row in owners) or "no photo any more"
        yield f"the {'upload' if removal is None else 'result'} {uuid} stays at the service; it belongs to {whose}"


def _may_need(row: Row) -> bool:
    return row["state"] in _MAY_NEED or row["doubt"] is not None


def _is_unknown_upload(world: World, uuid: str) -> bool:
    """Return True if the product never got to know of an upload; it is not stored, so it ends by itself."""
    known_at_s = world.internet.uploads.get(uuid)
    return known_at_s is None or any(0 <= at_s - known_at_s < STORED_WITHIN_S for at_s in world.kills)
