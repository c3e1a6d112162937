"""A daemon goes on from a ledger that the version before left in mid-work; nothing is sent or paid for twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cutoutd.core.photo import SourceResult, State, WaitKind
from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess

#: Removals take so long that much is under way at once.
pytestmark = pytest.mark.sandbox_options("--processing-time", "1.5")

DUMP = Path(__file__).parent.parent / "unit" / "ledger" / "version_0_1.sql"

#: Columns that have another name in version 0.1.
_RENAMED = {
    "failed_state": "failed_at",
    "source_sentence": "source_fate",
    "reprocess_started_s": "anew_since_s",
    "previous_parameters": "earlier_parameters",
    "source_missing_since_s": "missed_at_s",
}
_NEWER = {
    "noticed_at_s",
    "doubt",
    "sent_within",
    "is_past",
    "wait_kind",
    "source_result",
    "archived_path",
    "picture_sha256",
    "touched_at_s",
    "is_disputed",
    "colours",
}

RUNNING = tuple(f"{number}.jpg" for number in range(4))


def test_a_ledger_of_version_0_1_goes_on(own_place: Place, own_sandbox: SandboxProcess) -> None:
    """Removals run, an upload waits and a source is in the archive, as version 0.1 would have stored it."""
    archive = own_place.home / "done"
    own_place.configure(folder={"on_success": "move", "archive": str(archive)})
    put(own_place.input / "done.jpg")
    assert own_place.run_once().returncode == 0
    for path in RUNNING:
        put(own_place.input / path)
    with own_place.start() as daemon:
        daemon.wait_for("uploaded", *RUNNING)
        own_sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
        put(own_place.input / "waiting.jpg")
        daemon.wait_for("removal_started", *RUNNING)
        daemon.wait_for("waiting", "waiting.jpg")
        daemon.kill()
    own_sandbox.clear_faults()
    _bring_back_to_version_0_1(own_place.state)
    finished = own_place.run_once()
    assert finished.returncode == 0, finished.stdout
    photos = ("done.jpg", *RUNNING, "waiting.jpg")
    for path in photos:
        (photo,) = own_place.versions(path)
        assert (photo.state, photo.wait.kind) == (State.PUBLISHED, WaitKind.NONE)
        assert (photo.source.result, photo.source.archived_path) == (SourceResult.MOVED, str(archive / path))
    assert sorted(path.name for path in archive.iterdir()) == sorted(photos)
    assert own_place.outputs() == sorted(path.replace(".jpg", ".png") for path in photos)
    assert all(is_cutout(own_place.output / name) for name in own_place.outputs())
    counters = own_sandbox.counters()
    assert sorted(counters["uploads_by_sha256"].values()) == [1] * len(photos)
    assert sorted(counters["executes_by_sha256"].values()) == [1] * len(photos)


def _bring_back_to_version_0_1(state_dir: Path) -> None:
    """Store this ledger's rows in one of version 0.1."""
    present, former = state_dir / "ledger.sqlite", state_dir / "former.sqlite"
    with closing(sqlite3.connect(present)) as new, closing(sqlite3.connect(former)) as old:
        new.row_factory = sqlite3.Row
        old.executescript(DUMP.read_text())
        for table in ("announcements", "events", "launches", "targets", "operations", "memory", "photos"):
            old.execute(f"DELETE FROM {table}")  # noqa: S608  a name from the line above
        for table in ("photos", "events", "launches", "targets", "operations", "memory"):
            for row in new.execute(f"SELECT * FROM {table}"):  # noqa: S608
                values = {_RENAMED.get(name, name): row[name] for name in row.keys() if name not in _NEWER}  # noqa: SIM118
                if table == "photos":
                    values |= {"is_held": 0, "is_unapproved": 0, "is_away": 0}
                columns, places = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
                old.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(values.values()))  # noqa: S608
        old.commit()
    for end in ("-wal", "-shm"):
        present.with_name(present.name + end).unlink(missing_ok=True)
    former.replace(present)
