"""Checks that a narrow profile makes besides those of every world, in the middle of its weather or at its end."""

import time
from collections.abc import Iterator

from simulation.books import Row, photos_in
from simulation.events import Scene
from simulation.story import Check


def rows_of(scene: Scene) -> list[Row]:
    """Return the ledger's rows, without those of versions that count no more."""
    return [row for row in photos_in(scene.world.root / "state") if row["state"] != "superseded"]


def described(row: Row) -> str:
    """Return a photo with where it stands."""
    wait_s = max(0.0, row["wait_until_s"] - time.time())
    why = row["sentence"] or row["wait_reason"]
    return f"{row['folder']}/{row['path']} ({row['state']}, {row['wait_kind']} for {wait_s:.0f} s: {why})"


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
