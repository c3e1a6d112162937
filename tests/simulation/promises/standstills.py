"""Standing still is explained: it has an entry in `status`, with a code, and an end where a time ends it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from cutoutd.status.standstill import _STATES, Standstill, StandstillCode, StandstillStage
from cutoutd.status.status import read_status
from simulation.books import Row, photos_in
from simulation.events import Scene

#: A photo that has had no new fact for so long stands still; steps and removals take less.
STILL_S = 60.0

_ENDED = frozenset({"published", "rejected", "failed", "superseded", "dismissed"})

#: What a time ends.
_WITH_AN_END = frozenset({StandstillCode.HALTED, StandstillCode.THROTTLED, StandstillCode.RATE, StandstillCode.LIMIT})


@dataclass
class StillPhotos:
    """The photos without a new fact, and since when."""

    seen: dict[int, tuple[object, float]] = field(default_factory=dict)
    service: object = None
    since_s: float = 0.0  #: of the present service

    def faults_in(self, scene: Scene) -> Iterator[str]:
        """Yield the photos that stand still without an entry, and the entries without an end."""
        now_s, service = scene.world.clock.elapsed_s, scene.product.service
        if service is not self.service:
            self.service, self.since_s, self.seen = service, now_s, {}
        rows = [row for row in photos_in(scene.world.root / "state") if row["state"] not in _ENDED]
        self.seen = {row["id"]: self._since(row, now_s) for row in rows}
        still = [row for row in rows if now_s - self.seen[row["id"]][1] > STILL_S and not _runs(row)]
        if service is None or not still or scene.world.internet.under_way:
            return
        entries = read_status(scene.world.root / "state", service.core.settings.limits).standstills
        for row in still:
            if not any(_holds(entry, row) for entry in entries):
                told = ", ".join(sorted({entry.code for entry in entries})) or "nothing"
                yield f"{row['folder']}/{row['path']} stands still at {row['state']} without an entry; told is {told}"
        for entry in entries:
            if entry.code in _WITH_AN_END and (entry.until_s is None or entry.until_s < time.time() - STILL_S):
                yield f"the standstill {entry.code} has no end: {entry.reason}"

    def _since(self, row: Row, now_s: float) -> tuple[object, float]:
        key = row["state"], row["state_at_s"], row["wait_attempts"]
        before = self.seen.get(row["id"])
        return before if before is not None and before[0] == key else (key, now_s)


def _runs(row: Row) -> bool:
    """Return True for a removal that runs at the service and is polled."""
    return row["state"] == "removal_started" and row["wait_kind"] in {"none", "poll"}


def _holds(entry: Standstill, row: Row) -> bool:
    if entry.stage is StandstillStage.PHOTO:
        return row["wait_kind"] not in {"none", "poll"} or row["unclear_since_s"] is not None
    return row["state"] in _STATES[entry.stage] and entry.folder in {None, row["folder"]}
