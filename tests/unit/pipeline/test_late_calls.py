"""A call that a gateway may still deliver: its upload is deleted before the photo is launched again."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from cutoutd.core.errors import UnreachableError
from cutoutd.core.photo import LaunchResponseLost, Photo, RemovalIntended, State, Uploaded
from cutoutd.ledger import Ledger
from cutoutd.ledger.queries import lost_launches, photos
from cutoutd.ledger.writes import launches
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching.launch import Launcher
from cutoutd.uploadcare.responses import RemoteFile
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.ledgers import identity_of, photo_at, with_ledger

DAY_S = 86_400.0
SHOWN_AFTER_S = 20.0
SOURCE = "11111111-0000-4000-8000-000000000000"
RESULT = "22222222-0000-4000-8000-000000000000"

#: Of one photo and day, whatever it meets.
MOST_OPERATIONS = 500
OPERATIONS = {"get_file": 1, "delete_files": 1, "list_since": 1, "start_removal": 1}
_OF_AN_UPLOAD = 4  #: three for itself, and one for the question if it is ready


class Clock:
    """The time of day, as the test sets it: time passes, unless the clock is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = time.time()
        self.set_by_s = 0.0
        monkeypatch.setattr(time, "time", lambda: self.now_s + self.set_by_s)
        monkeypatch.setattr(time, "clock_gettime", lambda _clock: self.now_s)


class Project(FakeUploadcare):
    """Uploads without a mark, until they are deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []
        self.results: list[str] = []

    async def get(self, uuid: str, **_repeats: int) -> RemoteFile:  # type: ignore[override]  # the fake knows no file
        async with self._call("get_file", uuid):
            return described(uuid, "image/jpeg", is_removed=uuid in self.deleted)

    async def delete(self, uuids: list[str]) -> None:  # type: ignore[override]  # as it is called
        self.deleted += uuids  # also if the answer is lost
        await super().delete(uuids)

    async def list_since(self, _since: datetime, **_repeats: int) -> list[RemoteFile]:
        async with self._call("list_since", ""):
            return [described(uuid, "image/png") for uuid in self.results]

    async def fetch_cutout(self, result_uuid: str, sink: Callable[[bytes], Awaitable[None]]) -> int:
        assert result_uuid == RESULT
        await sink(picture())
        return 1


def picture() -> bytes:
    stored = BytesIO()
    Image.new("RGB", (60, 40), "red").save(stored, "PNG")
    return stored.getvalue()


def described(uuid: str, mime_type: str, *, is_removed: bool = False) -> RemoteFile:
    removed = "2026-11-30T00:00:00Z" if is_removed else None
    uploaded = datetime.fromtimestamp(time.time(), UTC)
    values = {"uuid": uuid if uuid == RESULT else SOURCE, "is_ready": True, "size": 1, "mime_type": mime_type}
    return RemoteFile.model_validate({**values, "datetime_uploaded": uploaded, "datetime_removed": removed})


async def lost(ledger: Ledger, tmp_path: Path) -> Photo:
    file = folder_in(tmp_path).input / "a.jpg"
    file.write_bytes(picture())
    photo = await photo_at(ledger, State.UPLOADED, identity_of(file.parent, file.name))
    return await lose(ledger, photo)


async def lose(ledger: Ledger, photo: Photo) -> Photo:
    intended = await ledger.record(photo, RemovalIntended())
    return await ledger.record(intended, LaunchResponseLost(time.time(), "cut off"))


def launcher_of(ledger: Ledger, uploadcare: FakeUploadcare, tmp_path: Path) -> Launcher:
    context = StepContext(ledger, uploadcare, folders_of(folder_in(tmp_path)))  # type: ignore[arg-type]  # a stand-in
    return Launcher(context, unlimited_budget(ledger, tmp_path), lambda: SHOWN_AFTER_S)


def test_a_deletion_without_an_answer_is_made_sure_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is launched before Uploadcare said that the upload is gone, and a while passed since."""
    clock, uploadcare = Clock(monkeypatch), Project()
    uploadcare.fail("delete_files", UnreachableError("no answer"))

    async def scene(ledger: Ledger) -> None:
        launcher, photo = launcher_of(ledger, uploadcare, tmp_path), await lost(ledger, tmp_path)
        clock.now_s += SHOWN_AFTER_S
        with pytest.raises(UnreachableError):
            await launcher.find_outcome(photo)
        clock.now_s += 60.0
        photo = await launcher_of(ledger, uploadcare, tmp_path).find_outcome(photo)  # also after a restart
        assert (photo.state, photo.upload.source_uuid) == (State.REMOVAL_INTENDED, None)
        assert photo.wait.until_s == clock.now_s + SHOWN_AFTER_S / 2
        clock.now_s += SHOWN_AFTER_S / 2 - 1.0
        photo = await launcher.find_outcome(photo)
        assert photo.state is State.REMOVAL_INTENDED
        clock.now_s += 1.0
        photo = await launcher.find_outcome(photo)
        assert (photo.state, photo.may_be_paid_for) == (State.ACCEPTED, False)
        assert await ledger.query(lost_launches.lost_launches_of, photo.id) == ()
        assert (await ledger.query(launches.launch_counts, clock.now_s)).today == 0

    with_ledger(tmp_path, scene)


def test_a_removal_that_began_just_before_the_deletion_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted upload may get no mark any more; so its result is looked for among all."""
    clock, uploadcare = Clock(monkeypatch), Project()

    async def scene(ledger: Ledger) -> None:
        launcher, photo = launcher_of(ledger, uploadcare, tmp_path), await lost(ledger, tmp_path)
        clock.now_s += SHOWN_AFTER_S
        photo = await launcher.find_outcome(photo)
        assert uploadcare.deleted == ["source-uuid"]
        uploadcare.results = [RESULT]
        clock.now_s += SHOWN_AFTER_S / 2
        photo = await launcher.find_outcome(photo)
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, RESULT)

    with_ledger(tmp_path, scene)


def test_a_clock_that_is_set_ends_no_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look comes before the stored times are corrected: an hour seems to have passed, and nothing is deleted."""
    clock, uploadcare = Clock(monkeypatch), Project()

    async def scene(ledger: Ledger) -> None:
        launcher, photo = launcher_of(ledger, uploadcare, tmp_path), await lost(ledger, tmp_path)
        clock.set_by_s = 3600.0
        for _ in range(2):
            photo = await launcher.find_outcome(photo)
            assert (photo.state, uploadcare.deleted) == (State.REMOVAL_INTENDED, [])
            clock.now_s += 1.0
        await ledger.waits.shift_times(3600.0)
        clock.now_s += SHOWN_AFTER_S
        (photo,) = await ledger.query(photos.at_state, {State.REMOVAL_INTENDED}, 9)
        await launcher.find_outcome(photo)
        assert uploadcare.deleted == ["source-uuid"]

    with_ledger(tmp_path, scene)


def test_launches_that_are_lost_all_day_cost_a_few_hundred_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each round takes a new upload, so the rounds become rare."""
    clock, uploadcare = Clock(monkeypatch), Project()

    async def scene(ledger: Ledger) -> int:
        launcher, photo, rounds = launcher_of(ledger, uploadcare, tmp_path), await lost(ledger, tmp_path), 1
        end_s = clock.now_s + DAY_S
        while clock.now_s < end_s:
            photo = await launcher.find_outcome(photo)
            clock.now_s = max(clock.now_s, photo.wait.until_s) + 0.05
            if photo.state is State.ACCEPTED:
                photo = await lose(ledger, await ledger.record(photo, Uploaded(f"upload-{rounds}")))
                rounds += 1
                clock.now_s += 3.0  # the first look comes no sooner than the first poll would
        return rounds

    rounds = with_ledger(tmp_path, scene)
    operations = sum(OPERATIONS.get(method, 0) for method, _ in uploadcare.calls)
    assert operations + rounds * (_OF_AN_UPLOAD + OPERATIONS["start_removal"]) <= MOST_OPERATIONS
    assert rounds > 20


def test_a_look_tells_nothing_of_the_time_that_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was accepted while the look went on has no mark yet: so the next look decides."""
    clock = Clock(monkeypatch)

    class Slow(Project):
        async def get(self, uuid: str, **repeats: int) -> RemoteFile:
            file = await super().get(uuid, **repeats)
            clock.now_s += SHOWN_AFTER_S
            return file

    uploadcare = Slow()

    async def scene(ledger: Ledger) -> None:
        launcher, photo = launcher_of(ledger, uploadcare, tmp_path), await lost(ledger, tmp_path)
        photo = await launcher.find_outcome(photo)
        assert (photo.state, uploadcare.deleted) == (State.REMOVAL_INTENDED, [])
        photo = await launcher.find_outcome(photo)
        assert uploadcare.deleted == ["source-uuid"]
        photo = await launcher.find_outcome(photo)  # it begins at once, as after a message
        assert photo.state is State.REMOVAL_INTENDED
        assert (await launcher.find_outcome(photo)).state is State.ACCEPTED

    with_ledger(tmp_path, scene)
