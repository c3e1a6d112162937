"""The worker for sources: when it looks again, what it makes at its start, and what it leaves to the next round."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.config.types.choices import OnSuccess
from cutoutd.core.errors import SourceInUseError, TreeUnavailableError
from cutoutd.core.photo import Photo, Published, State
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import photos as photo_queries
from cutoutd.ledger.queries import sources
from cutoutd.pipeline.on_success import OnSuccessWorker, worker
from cutoutd.pipeline.on_success.at_rest import SourceFreshError
from cutoutd.watch.availability.monitor import FolderAvailability
from support.folders import folder_in, folders_of
from support.ledgers import ACCEPTED, identity_of, photo_at, with_ledger


def worker_of(ledger: Ledger, *folders: FolderSettings) -> OnSuccessWorker:
    return OnSuccessWorker(ledger, folders_of(*folders), FolderAvailability(ledger, folders_of(*folders)))


async def published(ledger: Ledger, folder: FolderSettings, name: str) -> Photo:
    """A photo with a source that is due."""
    (folder.input / name).write_bytes(name.encode())
    who = replace(identity_of(folder.input, name), folder=folder.name, input=str(folder.input))
    accepted = replace(ACCEPTED, sha256=hashlib.sha256(name.encode()).hexdigest())
    photo = await photo_at(ledger, State.REMOVAL_FINISHED, who, accepted)
    return await ledger.record(photo, Published("c" * 64, 9, photo.bound.target or "", None, is_source_due=True))


def refusing(error: Exception | None) -> Callable[..., None]:
    def refuse(*_args: object) -> None:
        if error is not None:
            raise error

    return refuse


@pytest.mark.parametrize(
    ("error", "pause_s"),
    [(None, 2.0), (SourceInUseError("it is open"), 30.0), (SourceFreshError("it changed"), 30.0)],
    ids=["well", "trouble", "fresh"],
)
def test_a_source_that_stays_is_looked_at_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, pause_s: float
) -> None:
    """Without a new photo too; when all is well, only a new one makes it look."""
    folder = folder_in(tmp_path, on_success="delete")

    async def scene(ledger: Ledger) -> None:
        work = worker_of(ledger, folder)
        await published(ledger, folder, "a.jpg")
        with monkeypatch.context() as patch:
            patch.setattr("cutoutd.pipeline.on_success.action.require_at_rest", refusing(error))
            await work._apply_if_changed()
        assert work._pause_s() == pause_s
        assert (folder.input / "a.jpg").exists() is (error is not None)
        assert bool(work.troubles()) is (type(error) is SourceInUseError)
        await work._apply_if_changed()
        assert not (folder.input / "a.jpg").exists()
        assert work._pause_s() == 2.0

    with_ledger(tmp_path, scene)


def test_a_stop_tells_that_sources_have_to_stand_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next run does them; with none of these, nothing is said."""
    caplog.set_level(logging.INFO)
    folder = folder_in(tmp_path, on_success="delete")

    async def scene(ledger: Ledger) -> None:
        work = worker_of(ledger, folder)
        await published(ledger, folder, "a.jpg")
        with monkeypatch.context() as patch:
            patch.setattr(
                "cutoutd.pipeline.on_success.action.require_at_rest", refusing(SourceFreshError("it changed"))
            )
            await work.finish()
        assert postponed(caplog) == 1
        await work.finish()
        assert postponed(caplog) == 1
        assert not (folder.input / "a.jpg").exists()

    with_ledger(tmp_path, scene)


def postponed(caplog: pytest.LogCaptureFixture) -> int:
    return [getattr(record, "action", "") for record in caplog.records].count("sources_postponed")


def test_a_stop_waits_for_sources_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A tree that hangs holds up no stop."""
    caplog.set_level(logging.INFO)
    folder = folder_in(tmp_path, on_success="delete")
    timeout, limits_s = asyncio.timeout, []

    def end_soon(limit_s: float) -> asyncio.Timeout:
        limits_s.append(limit_s)
        return timeout(0.05)

    async def scene(ledger: Ledger) -> None:
        work = worker_of(ledger, folder)
        await published(ledger, folder, "a.jpg")
        monkeypatch.setattr(work, "_process", lambda *_args, **_options: asyncio.Event().wait())
        monkeypatch.setattr(asyncio, "timeout", end_soon)
        await work.finish()
        assert (postponed(caplog), limits_s) == (1, [10.0])

    with_ledger(tmp_path, scene)


def test_an_archive_is_made_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Before its first use; later a missing one is an unmounted disk. Each archive is remembered by its own name."""
    first = folder_in(tmp_path, on_success="move", archive=tmp_path / "one")
    second = folder_in(tmp_path, on_success="move", archive=tmp_path / "two")

    async def scene(ledger: Ledger) -> None:
        await worker_of(ledger, first).open()
        assert (tmp_path / "one").is_dir()
        assert await ledger.query(photo_queries.remembered, f"archive {tmp_path / 'one'}") == "true"
        (tmp_path / "one").rmdir()
        await worker_of(ledger, first).open()
        assert not (tmp_path / "one").exists()
        (tmp_path / "two").mkdir()
        await worker_of(ledger, second).open()
        assert await ledger.query(photo_queries.remembered, f"archive {tmp_path / 'two'}") == "true"

    with_ledger(tmp_path, scene)
    assert not caplog.records


def test_an_archive_that_cannot_be_made_is_told_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And tried again at the next start."""
    archive = tmp_path / "missing" / "archive"
    folder = folder_in(tmp_path, on_success="move", archive=archive)

    async def scene(ledger: Ledger) -> None:
        await worker_of(ledger, folder).open()
        (told,) = [record for record in caplog.records if getattr(record, "action", "") == "source_trouble"]
        sentence = f"{archive} cannot be made, so photos stay in place: No such file or directory"
        assert (told.levelname, sentence in told.getMessage()) == ("WARNING", True)
        assert await ledger.query(photo_queries.remembered, f"archive {archive}") is None

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(("on_success", "place"), [(OnSuccess.KEEP, "in"), (OnSuccess.DELETE, "elsewhere")])
def test_a_source_whose_folder_keeps_sources_now_stays(tmp_path: Path, on_success: OnSuccess, place: str) -> None:
    """Nothing is left to be done to it: the configuration changed, or its folder has another input."""
    folder = folder_in(tmp_path, on_success="delete")
    root = folder.input if place == "in" else tmp_path / place

    async def scene(ledger: Ledger) -> None:
        await published(ledger, folder, "a.jpg")
        now = folder.model_copy(update={"on_success": on_success, "input": root})
        await worker_of(ledger, now).apply_due()
        assert (folder.input / "a.jpg").exists()
        assert await ledger.query(sources.sources_due, 0, 9) == []

    with_ledger(tmp_path, scene)


def test_a_silent_archive_is_asked_for_one_source_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its trouble is told once, with the source; the others of the folder wait for the next round."""
    folder = folder_in(tmp_path, on_success="delete")
    asked: list[int] = []

    def refuse(photo: Photo, *_args: object) -> None:
        asked.append(photo.id)
        raise TreeUnavailableError("it does not answer")

    monkeypatch.setattr(worker, "apply_on_success", refuse)

    async def scene(ledger: Ledger) -> None:
        work = worker_of(ledger, folder)
        first = await published(ledger, folder, "a.jpg")
        await published(ledger, folder, "b.jpg")
        for _ in range(2):
            await work.apply_due()
        assert asked == [first.id, first.id]
        assert work.troubles() == {folder.name: "a.jpg stays in place: it does not answer"}

    with_ledger(tmp_path, scene)
    told = [record for record in caplog.records if getattr(record, "action", "") == "source_trouble"]
    assert [record.levelname for record in told] == ["WARNING"]
