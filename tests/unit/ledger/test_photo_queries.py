"""What can be asked of the ledger, each question once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.core.photo import NO_WAIT, State, Superseded, Version, Wait, WaitKind
from cutoutd.ledger import Ledger, ReadTransaction, Total, read_ledger
from cutoutd.ledger.queries import known_files, lost_launches, photos, sources
from cutoutd.ledger.writes import approvals, remote_files
from support.ledgers import ACCEPTED, identity, photo_at, plan_of, versions_of, with_ledger


async def names(ledger: Ledger, states: set[State], now_s: float, limit: int = 10) -> list[str]:
    return [photo.identity.path for photo in await ledger.query(photos.due, states, now_s, limit)]


def test_who_is_due_is_told_in_order(tmp_path: Path) -> None:
    """Photos whose wait is over come first by the end of their wait, then by age; those that still wait do not."""

    async def scene(ledger: Ledger) -> None:
        for name, until_s in (("late", 30.0), ("early", 10.0), ("never", 1e9), ("first", 0.0), ("second", 0.0)):
            photo = await photo_at(ledger, State.ACCEPTED, identity(f"{name}.jpg"))
            await ledger.postpone(photo, replace(NO_WAIT, until_s=until_s))
        await photo_at(ledger, State.UPLOADED, identity("elsewhere.jpg"))
        due = ["first.jpg", "second.jpg", "early.jpg", "late.jpg"]
        assert await names(ledger, {State.ACCEPTED}, 30.0) == due
        assert await names(ledger, {State.ACCEPTED}, 29.9) == due[:3]
        assert await names(ledger, {State.ACCEPTED}, 30.0, limit=2) == due[:2]
        assert await names(ledger, {State.ACCEPTED, State.UPLOADED}, 0.0) == [*due[:2], "elsewhere.jpg"]

    with_ledger(tmp_path, scene)


def test_known_versions_of_a_batch(tmp_path: Path) -> None:
    """One question tells which versions are rows: of this folder, of these paths, superseded ones left out."""

    async def scene(ledger: Ledger) -> set[Version]:
        await photo_at(ledger, State.SUPERSEDED, identity("gone.jpg"))
        await photo_at(ledger, State.REJECTED, identity("bad.jpg"))
        await photo_at(ledger, State.PUBLISHED, identity("a.jpg"))
        await ledger.discover(identity("a.jpg", mtime_ns=2))
        await ledger.discover(identity("a.jpg", folder="people"))
        await ledger.discover(identity("b.jpg"))
        return (
            await ledger.query(known_files.known_files, "products", ["a.jpg", "gone.jpg", "bad.jpg", "new.jpg"])
        ).versions

    assert with_ledger(tmp_path, scene) == {
        Version("a.jpg", 1000, 1, 7),
        Version("a.jpg", 1000, 2, 7),
        Version("bad.jpg", 1000, 1, 7),
    }


@pytest.mark.parametrize("name", ["caf\udce9.jpg", 'Ł🍓 "\\n\\u0000.jpg', "a\n\t\x01%_'.jpg", "\U0010ff7f.jpg"])
def test_known_versions_of_any_name(tmp_path: Path, name: str) -> None:
    """Also of names that are no UTF-8, or that would mean something in JSON or SQL."""

    async def scene(ledger: Ledger) -> set[Version]:
        await ledger.discover(identity(name))
        return (await ledger.query(known_files.known_files, "products", [name, f"{name}.jpg"])).versions

    assert with_ledger(tmp_path, scene) == {Version(name, 1000, 1, 7)}


def test_counts_and_lists(tmp_path: Path) -> None:
    """How many stand where, who waits and why, and what came to nothing, newest first."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REJECTED, identity("1.jpg"))
        await photo_at(ledger, State.FAILED, identity("2.jpg"))
        await photo_at(ledger, State.REJECTED, identity("3.jpg", folder="people"))
        for name, until_s in (("later", 20.0), ("sooner", 10.0)):
            photo = await photo_at(ledger, State.UPLOADED, identity(f"{name}.jpg"))
            await ledger.postpone(photo, Wait(WaitKind.RETRY, until_s, 1, "the service is away"))
        assert await ledger.query(photos.count, {State.REJECTED, State.FAILED}) == 3
        assert await ledger.query(photos.count, {State.PUBLISHED}) == 0
        assert set(await ledger.query(photos.totals)) == {
            Total("products", State.REJECTED, 1),
            Total("products", State.FAILED, 1),
            Total("people", State.REJECTED, 1),
            Total("products", State.UPLOADED, 2),
        }
        troubled = await ledger.query(photos.at_state, {State.REJECTED, State.FAILED}, 2)
        assert [photo.identity.path for photo in troubled] == ["3.jpg", "2.jpg"]
        waiting = await ledger.query(photos.waiting, 10)
        assert [photo.identity.path for photo in waiting] == ["sooner.jpg", "later.jpg"]

    with_ledger(tmp_path, scene)


def test_history_is_told_oldest_first(tmp_path: Path) -> None:
    """The last facts of all or of one path, in every folder; a limit keeps the newest."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.ACCEPTED)
        await photo_at(ledger, State.REJECTED, identity("b.jpg", folder="people"))

    with_ledger(tmp_path, scene)
    with read_ledger(tmp_path) as connection:
        facts = [(event.path, event.to_state) for event in photos.history(connection, None, 100)]
        assert facts == [
            ("a.jpg", "discovered"),
            ("a.jpg", "accepted"),
            ("b.jpg", "discovered"),
            ("b.jpg", "rejected"),
        ]
        assert [(event.path, event.to_state) for event in photos.history(connection, None, 2)] == facts[2:]
        (first, last) = photos.history(connection, "b.jpg", 100)
        assert (first.folder, last.from_state, last.detail["code"]) == ("people", "discovered", "empty")
        assert photos.history(connection, "c.jpg", 100) == []


def test_only_the_files_of_photos_at_rest_are_cleaned(tmp_path: Path) -> None:
    """What is at Uploadcare is deleted for photos at rest, once, and never for those under way."""

    async def scene(ledger: Ledger) -> None:
        await photo_at(ledger, State.REMOVAL_FINISHED, identity("under-way.jpg"))
        await photo_at(ledger, State.REJECTED, identity("never-sent.jpg"))
        published = await photo_at(ledger, State.PUBLISHED, identity("published.jpg"))
        uploaded = await photo_at(ledger, State.UPLOADED, identity("changed.jpg"))
        changed = await ledger.record(uploaded, Superseded("changed", "it was changed", ""))
        assert (published.id, changed.id) == (3, 4)
        uuids = ["result-uuid", "source-uuid", "source-uuid"]
        assert sorted(await ledger.query(remote_files.to_clean, 1.0, 10)) == uuids
        assert len(await ledger.query(remote_files.to_clean, 1.0, 1)) == 1
        await ledger.files.mark_cleaned(["result-uuid"])
        assert sorted(await ledger.query(remote_files.to_clean, 1.0, 10)) == uuids[1:]

    with_ledger(tmp_path, scene)


def test_a_newer_version_of_the_same_path_counts(tmp_path: Path) -> None:
    """An older version hears of a newer one only when that is published, and of no other path or folder."""

    async def scene(ledger: Ledger) -> None:
        older = await photo_at(ledger, State.REMOVAL_FINISHED)
        elsewhere = replace(ACCEPTED, output="/other")
        await photo_at(ledger, State.PUBLISHED, identity("b.jpg"))
        await photo_at(ledger, State.PUBLISHED, identity(folder="people"), elsewhere)
        newer = await photo_at(ledger, State.REMOVAL_FINISHED, identity(mtime_ns=2))
        assert not await ledger.query(photos.has_newer_publication, older)
        newest = await photo_at(ledger, State.PUBLISHED, identity(mtime_ns=3))
        assert await ledger.query(photos.has_newer_publication, older)
        assert await ledger.query(photos.has_newer_publication, newer)
        assert not await ledger.query(photos.has_newer_publication, newest)

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda view: remote_files.to_clean(view, 1.0, 100), "ix_remote_files_photo_id"),
        (lambda view: photos.waiting(view, 20), "delayed"),
        (photos.totals, "totals"),
        (lambda view: sources.sources_due(view, 0, 100), "source_due"),
        (lambda view: sources.published_in(view, ["products"], 0, 100), "totals"),
        (lost_launches.lost_launches, "lost"),
        (lambda view: lost_launches.paid_again(view, 20), "paid_again"),
        (approvals.held_folders, "delayed_by_kind"),
        (lambda view: approvals.is_larger(view, "products", 10), "batch"),
        (lambda view: versions_of(view, "a.jpg"), "by_path"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_quiet_ledger_answers_from_an_index(
    tmp_path: Path, question: Callable[[ReadTransaction], object], index: str
) -> None:
    """What is asked again and again does not go through every photo that was ever published."""
    with_ledger(tmp_path, lambda ledger: photo_at(ledger, State.PUBLISHED))
    with read_ledger(tmp_path) as view:
        assert f" INDEX {index}" in plan_of(view, question)
