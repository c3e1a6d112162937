"""A ledger of version 0.1 in mid-work: everything is found again, and the work goes on."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from cutoutd.core.errors import LedgerError
from cutoutd.core.photo import (
    TERMINAL,
    Photo,
    Published,
    RemovalFinished,
    RemovalStarted,
    SourceResult,
    State,
    Uploaded,
    WaitKind,
    require_value,
)
from cutoutd.core.usage_counter import Purpose
from cutoutd.ledger import Ledger, ReadTransaction, open_ledger, read_ledger
from cutoutd.ledger.queries import duplicates, known_files, photos, sources
from cutoutd.ledger.sqlite.database import LEDGER_NAME
from cutoutd.ledger.writes import approvals, launches, remote_files, usage, webhook_results
from cutoutd.watch.availability.snapshot import SampleFile, snapshot_from
from support.ledgers import ACCEPTED, versions_of, with_ledger

#: Made by that version's own code: photos in every state, with every kind of wait and every outcome of on_success.
DUMP = Path(__file__).with_name("version_0_1.sql")


@pytest.fixture
def ledger_dir(tmp_path: Path) -> Path:
    """A state folder with that ledger, opened once by this version."""
    with closing(sqlite3.connect(tmp_path / LEDGER_NAME)) as database:
        database.executescript(DUMP.read_text())
    asyncio.run(_open(tmp_path))
    return tmp_path


async def _open(state_dir: Path) -> None:
    async with open_ledger(state_dir):
        pass


def test_commands_that_only_read_say_that_it_is_older(tmp_path: Path) -> None:
    """A user who looks before the first start of this version is told what to do, and nothing is changed."""
    with closing(sqlite3.connect(tmp_path / LEDGER_NAME)) as database:
        database.executescript(DUMP.read_text())
    with pytest.raises(LedgerError, match="an earlier version of cutoutd wrote it"), read_ledger(tmp_path):
        pass


def test_both_sentences_about_too_many_requests_are_known(tmp_path: Path) -> None:
    """Version 0.1 said it in one way about the refused request, and in another about those that it held back then."""
    with closing(sqlite3.connect(tmp_path / LEDGER_NAME)) as database:
        database.executescript(DUMP.read_text())
        said = "Uploadcare asked for patience with uploads; nothing is sent for 3 s yet"
        database.execute("UPDATE photos SET wait_reason = ? WHERE path = 'retry.jpg'", (said,))
        database.commit()
    asyncio.run(_open(tmp_path))
    with read_ledger(tmp_path) as view:
        assert at(view, "retry.jpg").wait.kind is WaitKind.THROTTLED


def at(view: ReadTransaction, path: str) -> Photo:
    """The one version of a path."""
    (photo,) = versions_of(view, path)
    return photo


@pytest.mark.parametrize(
    ("path", "state", "kind"),
    [
        ("found.jpg", State.DISCOVERED, WaitKind.NONE),
        ("retry.jpg", State.ACCEPTED, WaitKind.RETRY),
        ("throttled.jpg", State.ACCEPTED, WaitKind.THROTTLED),
        ("unavailable.jpg", State.ACCEPTED, WaitKind.UNAVAILABLE),
        ("held.jpg", State.UPLOADED, WaitKind.HELD),
        ("unapproved.jpg", State.UPLOADED, WaitKind.UNAPPROVED),
        ("lost launch.jpg", State.REMOVAL_INTENDED, WaitKind.NONE),
        ("duplicate.jpg", State.UPLOADED, WaitKind.DUPLICATE),
        ("launching.jpg", State.REMOVAL_INTENDED, WaitKind.NONE),
        ("poll.jpg", State.REMOVAL_STARTED, WaitKind.POLL),
        ("overdue.jpg", State.REMOVAL_STARTED, WaitKind.OVERDUE),
        ("announced.jpg", State.REMOVAL_STARTED, WaitKind.NONE),
        ("finished.jpg", State.REMOVAL_FINISHED, WaitKind.NONE),
        ("finished, disk full.jpg", State.REMOVAL_FINISHED, WaitKind.RETRY),
        ("rejected.jpg", State.REJECTED, WaitKind.NONE),
        ("failed.jpg", State.FAILED, WaitKind.NONE),
        ("superseded.jpg", State.SUPERSEDED, WaitKind.NONE),
        ("anew.jpg", State.ACCEPTED, WaitKind.NONE),
    ],
)
def test_every_wait_has_its_word(ledger_dir: Path, path: str, state: State, kind: WaitKind) -> None:
    """State, kind and the sentence that people saw are there."""
    with closing(sqlite3.connect(":memory:")) as old:
        old.executescript(DUMP.read_text())
        before = old.execute("SELECT wait_until_s, wait_reason FROM photos WHERE path = ?", [path]).fetchone()
    with read_ledger(ledger_dir) as view:
        photo = at(view, path)
    assert (photo.state, photo.wait.kind) == (state, kind)
    assert (photo.wait.until_s, photo.wait.reason) == before


@pytest.mark.parametrize(
    ("path", "result", "sentence", "archived_path"),
    [
        (
            "archived/p\udcff.jpg",
            SourceResult.MOVED,
            "the source was moved to /srv/archive/archived/p\udcff.jpg",
            "/srv/archive/archived/p\udcff.jpg",
        ),
        (
            "trashed.jpg",
            SourceResult.TRASHED,
            "the source was moved to the trash, /home/a/.local/share/Trash/files/trashed.jpg",
            None,
        ),
        ("deleted.jpg", SourceResult.DELETED, "the source was deleted", None),
        ("gone.jpg", SourceResult.GONE, "the source was gone already", None),
        ("rebuilt.jpg", SourceResult.ABSENT, "it was not there when the ledger was rebuilt", None),
        ("other words.jpg", SourceResult.TAKEN, "a later build put the source into a box", None),
        ("left.jpg", None, None, None),
        ("kept.jpg", None, None, None),
        ("due.jpg", None, None, None),
    ],
)
def test_every_source_has_its_word(
    ledger_dir: Path, path: str, result: SourceResult | None, sentence: str | None, archived_path: str | None
) -> None:
    """A sentence that this version does not know is kept, and says no more than that the source left its place."""
    with read_ledger(ledger_dir) as view:
        source = at(view, path).source
    assert (source.result, source.sentence, source.archived_path) == (result, sentence, archived_path)
    assert source.is_due is (path == "due.jpg")


def test_everything_else_is_found_again(ledger_dir: Path) -> None:
    """Money, searches, results, people's decisions, and what was remembered of the folder."""
    with read_ledger(ledger_dir) as view:
        assert launches.launch_counts(view, 1_700_035_600.0).this_month == 18
        assert at(view, "lost launch.jpg").launch.unclear_since_s is not None
        assert at(view, "lost launch.jpg").launch.lost_because == "HTTP 502 without a body"
        payer = duplicates.elected_payer(view, at(view, "duplicate.jpg"))
        assert payer is not None
        assert payer.identity.path == "lost launch.jpg"
        announced = webhook_results.result_for(view, at(view, "announced.jpg"))
        assert announced is not None
        assert announced[0].result_uuid == "10000000-0000-4000-8000-aaaaaaaaaaaa"
        assert [photo.identity.path for photo in sources.sources_due(view, 0, 9)] == ["due.jpg"]
        assert at(view, "missing.jpg").source.missing_since_s is not None
        assert at(view, "anew.jpg").cutout.previous_parameters == "{}"
        assert at(view, "failed.jpg").ending.failed_state is State.REMOVAL_STARTED
        assert approvals.held_folders(view) == ["products"]
        assert photos.held(view) == 2
        assert known_files.approved_of(view, [1, 2, 3]) == set()
        assert usage.usage_of(view, date(2023, 11, 15)).today[Purpose.UPLOAD] == 9
        snapshot = snapshot_from(photos.remembered(view, "roll of products"))
        assert snapshot is not None
        assert snapshot.samples == (SampleFile("found.jpg", 1001, 1),)
        assert json.loads(require_value(photos.remembered(view, "pause")))["reason"] == "stocktaking"


def test_the_cleanup_knows_all_that_may_be_at_uploadcare(ledger_dir: Path) -> None:
    """Uploads and results of its rows, of its announcements, and of earlier rounds that only its events tell of."""
    with closing(sqlite3.connect(":memory:")) as old, read_ledger(ledger_dir) as view:
        old.executescript(DUMP.read_text())
        rows = old.execute("SELECT source_uuid, result_uuid FROM photos WHERE remote_cleaned_at_s IS NULL")
        uuids = {uuid for row in rows for uuid in row if uuid}
        uuids |= {uuid for (uuid,) in old.execute("SELECT result_uuid FROM announcements")}
        events = old.execute("SELECT detail FROM events WHERE to_state = 'removal_finished'")
        uuids |= {uuid for (detail,) in events if (uuid := json.loads(detail).get("result_uuid"))}
        assert remote_files.claimed(view, sorted(uuids)) == uuids
        due = set(remote_files.to_clean(view, 1_700_035_600.0, 999))
        under_way = photos.at_state(view, set(State) - TERMINAL, 999)
        needed = {uuid for photo in under_way for uuid in (photo.upload.source_uuid, photo.launch.result_uuid)}
        assert due
        assert due.isdisjoint(needed)


def test_its_photos_go_on_to_published(ledger_dir: Path) -> None:
    """From the first state and from the last one before; the photo that waited for its duplicate is let go."""

    async def scene(ledger: Ledger) -> list[Photo]:
        found, finished, lost, duplicate = [
            (await ledger.query(versions_of, path))[0]
            for path in ("found.jpg", "finished.jpg", "lost launch.jpg", "duplicate.jpg")
        ]
        found = await ledger.accept(found, ACCEPTED, ["found.png"])
        found = await ledger.record(found, Uploaded("00000000-0000-4000-8000-bbbbbbbbbbbb"))
        found = await ledger.record_launch_intent(found, None)
        found = await ledger.record(found, RemovalStarted("request"))
        found = await ledger.record(found, RemovalFinished("10000000-0000-4000-8000-bbbbbbbbbbbb"))
        lost = await ledger.record(lost, RemovalStarted("request-2"))
        lost = await ledger.record(lost, RemovalFinished("10000000-0000-4000-8000-cccccccccccc"))
        published = [
            await ledger.record(photo, Published("c" * 64, 1000, require_value(photo.bound.target), note=None))
            for photo in (found, finished, lost)
        ]
        (freed,) = await ledger.query(versions_of, duplicate.identity.path)
        assert freed.wait.kind is WaitKind.NONE
        return published

    assert [photo.state for photo in with_ledger(ledger_dir, scene)] == [State.PUBLISHED] * 3
