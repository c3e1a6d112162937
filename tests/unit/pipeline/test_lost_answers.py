"""The launcher around the paid call: what it looks for before it pays again, and how long."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutoutd.core.errors import (
    DelayError,
    FailedError,
    NotReadyError,
    RemovalLockedError,
    ResponseLostError,
    ThrottledError,
)
from cutoutd.core.photo import (
    Fact,
    LaunchNotMade,
    LaunchOutcomeUnknown,
    LaunchResponseLost,
    Photo,
    RemovalIntended,
    RemovalLocked,
    State,
    UploadAbandoned,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.ledger import Ledger
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching import launch
from cutoutd.pipeline.steps.launching.launch import Launcher
from cutoutd.pipeline.steps.launching.recover_launch import LOOK_FOR_S
from cutoutd.uploadcare.responses import RemoteFile
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.lost_results import RESULT, OneResult
from support.fakes.lost_results import lost as lost_photo
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.ledgers import in_database, photo_at, with_columns, with_ledger

DAY_S = 86_400.0
SOURCE = "source-uuid"
OTHER = "11111111-0000-4000-8000-000000000000"


@dataclass
class Project(FakeUploadcare):
    """A project with one upload, of which it says these things, and no results."""

    is_there: bool = True
    has_run: bool = False
    is_removed: bool = False
    listed_since: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def get(self, uuid: str, **_repeats: int) -> RemoteFile | None:  # type: ignore[override]  # the fake knows none
        self.calls.append(("get_file", uuid))
        if not self.is_there:
            return None
        now = datetime.now(UTC)
        words = {"uuid": OTHER, "is_ready": True, "datetime_uploaded": now, "size": 1, "mime_type": "image/png"}
        removed = {"datetime_removed": now.isoformat() if self.is_removed else None}
        return RemoteFile.model_validate({**words, **removed, "appdata": {"remove_bg": {}} if self.has_run else None})

    async def list_since(self, since: datetime, **_repeats: int) -> list[RemoteFile]:
        self.listed_since.append(since)
        return []


def first_wait(now_s: float) -> Wait:
    """Poll after a second."""
    return Wait(WaitKind.POLL, now_s + 1.0)


def played(
    place: Path,
    uploadcare: FakeUploadcare,
    scene: Callable[[Ledger, Launcher], Awaitable[None]],
    shown_after_s: float = 20.0,
) -> None:
    async def play(ledger: Ledger) -> None:
        context = StepContext(ledger, uploadcare, folders_of(folder_in(place)))  # type: ignore[arg-type]  # a stand-in
        await scene(ledger, Launcher(context, unlimited_budget(ledger, place), lambda: shown_after_s))

    with_ledger(place, play)


async def recorded(ledger: Ledger, *facts: Fact) -> Photo:
    """A photo that was sent, with these facts behind it."""
    photo = await photo_at(ledger, State.UPLOADED)
    for fact in facts:
        photo = await ledger.record(photo, fact)
    return photo


def lost(ago_s: float = 0.0) -> tuple[Fact, Fact]:
    """A launch whose answer was lost so long ago."""
    return RemovalIntended(), LaunchResponseLost(time.time() - ago_s, "cut off")


@pytest.mark.parametrize(
    ("uploadcare", "ago_s", "state", "is_unclear"),
    [
        (Project(), 19.0, State.REMOVAL_INTENDED, True),
        (Project(), 21.0, State.REMOVAL_INTENDED, True),
        (Project(has_run=True), LOOK_FOR_S - 1, State.REMOVAL_INTENDED, True),
        (Project(has_run=True), LOOK_FOR_S + 1, State.UPLOADED, False),
        (Project(is_there=False), LOOK_FOR_S - 1, State.REMOVAL_INTENDED, True),
        (Project(is_there=False), LOOK_FOR_S + 1, State.ACCEPTED, False),
        (Project(is_removed=True), LOOK_FOR_S + 1, State.REMOVAL_INTENDED, True),
    ],
    ids=["unmarked, young", "unmarked", "marked, young", "marked", "gone, young", "gone", "removed"],
)
def test_a_lost_answer_is_looked_for_as_long_as_its_upload_gives_reason(
    tmp_path: Path, uploadcare: Project, ago_s: float, state: State, *, is_unclear: bool
) -> None:
    """An upload without a mark is deleted; one with a mark is launched again, and one that is gone sent again."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await launcher.find_outcome(await recorded(ledger, *lost(ago_s)))
        assert photo.state is state
        assert uploadcare.count("start_removal") == 0
        # Only what may have been paid for is listed.
        assert len(uploadcare.listed_since) == uploadcare.has_run
        may_be_paid = uploadcare.has_run or uploadcare.is_removed or not uploadcare.is_there
        assert photo.launch.has_lost_outcome is (may_be_paid and not is_unclear)

    played(tmp_path, uploadcare, scene)


@pytest.mark.parametrize(
    ("ago_s", "least_s", "most_s"), [(1.0, 2.0, 4.0), (60.0, 7.5, 15.0), (100.0, 12.5, 25.0), (175.0, 3.0, 5.0)]
)
def test_looks_rest_for_a_share_of_the_time_but_never_beyond_the_search(
    tmp_path: Path, ago_s: float, least_s: float, most_s: float
) -> None:
    """What does not show itself soon is looked for less often; at the end of the search something can be done."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await launcher.find_outcome(await recorded(ledger, *lost(ago_s)))
        assert photo.wait.kind is WaitKind.RETRY
        assert least_s - 1 <= photo.wait.until_s - time.time() <= most_s
        assert "not known yet" in photo.wait.reason

    played(tmp_path, Project(has_run=True), scene)


def test_the_second_loss_of_a_photo_is_looked_for_twice_as_long(tmp_path: Path) -> None:
    """Both losses are in the ledger; launches on the upload that were not made double nothing at first."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        began_s = time.time() - 1.5 * LOOK_FOR_S
        facts: tuple[Fact, ...] = (RemovalIntended(), LaunchResponseLost(began_s, "cut off"))
        photo = await recorded(ledger, *facts, LaunchOutcomeUnknown(began_s), *facts)
        assert (await launcher.find_outcome(photo)).state is State.REMOVAL_INTENDED

    played(tmp_path, Project(has_run=True), scene)


@pytest.mark.parametrize(
    ("upload", "ago_s", "is_listed"),
    [("again", 3600.0, True), ("again", DAY_S + 60.0, False), (SOURCE, 3600.0, False)],
    ids=["another upload", "too old", "the same upload"],
)
def test_a_result_on_an_upload_that_was_given_up_is_listed_once_more_before_a_launch(
    tmp_path: Path, upload: str, ago_s: float, *, is_listed: bool
) -> None:
    """For a day, from a little before the launch on; on the same upload its mark would have shown a removal."""
    uploadcare = Project()

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await recorded(ledger, *lost(), UploadAbandoned(), Uploaded(upload))
        in_database(tmp_path, f"UPDATE launches SET at_s = at_s - {ago_s}")  # noqa: S608  a number of the table
        started = await launcher.launch(photo, first_wait)
        assert (started.state, started.wait.kind) == (State.REMOVAL_STARTED, WaitKind.POLL)
        since = [moment.timestamp() for moment in uploadcare.listed_since]
        assert since == ([pytest.approx(time.time() - ago_s - 900.0, abs=60.0)] if is_listed else [])
        assert uploadcare.count("start_removal") == 1

    played(tmp_path, uploadcare, scene)


@pytest.mark.parametrize(("poll_in_s", "least_s", "most_s"), [(50.0, 49.0, 50.0), (-50.0, 0.0, 2.0)])
def test_a_lost_answer_is_not_looked_for_before_there_can_be_a_result(
    tmp_path: Path, poll_in_s: float, least_s: float, most_s: float
) -> None:
    """Each look is billed, and before the removal can be finished there is nothing to find."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await launcher.launch(await recorded(ledger), lambda now_s: Wait(WaitKind.POLL, now_s + poll_in_s))
        assert photo.state is State.REMOVAL_INTENDED
        assert photo.launch.unclear_since_s == pytest.approx(time.time(), abs=60)
        assert least_s - 1 <= photo.wait.until_s - time.time() <= most_s
        assert photo.wait.reason == "no answer"

    uploadcare = Project()
    uploadcare.fail("start_removal", ResponseLostError("no answer"))
    played(tmp_path, uploadcare, scene)


@pytest.mark.parametrize("locked_ago_s", [None, 600.0])
def test_a_lock_counts_from_the_first_time_it_was_met(tmp_path: Path, locked_ago_s: float | None) -> None:
    """A lock is believed for half an hour in all, however often it is met."""
    uploadcare = Project()
    uploadcare.fail("start_removal", RemovalLockedError("locked"))

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        since_s = time.time() - (locked_ago_s or 0.0)
        facts: tuple[Fact, ...] = ()
        if locked_ago_s is not None:
            facts = (RemovalIntended(), RemovalLocked(since_s), LaunchOutcomeUnknown(since_s))
        photo = await launcher.launch(await recorded(ledger, *facts), first_wait)
        assert photo.state is State.REMOVAL_INTENDED
        assert photo.launch.locked_since_s == pytest.approx(since_s, abs=60)

    played(tmp_path, uploadcare, scene)


@pytest.mark.parametrize("age_s", [3600.0, DAY_S + 3600.0])
def test_only_an_upload_that_is_gone_too_early_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, age_s: float
) -> None:
    """After a day Uploadcare deletes it by itself; before, a person or another cutoutd did."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await recorded(ledger)
        renewed = await launcher.renew_upload(replace(photo, state_at_s=photo.state_at_s - age_s))
        assert (renewed.state, renewed.wait.until_s) == (State.ACCEPTED, 0.0)

    played(tmp_path, Project(), scene)
    told = [record.action for record in caplog.records if record.action == "upload_vanished"]
    assert bool(told) is (age_s < DAY_S)


@pytest.mark.parametrize("is_unclear", [False, True])
def test_a_noticed_removal_says_where_its_launch_may_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, is_unclear: bool
) -> None:
    """The ledger lacks it, or it took longer than it was looked for; it is stored when it was noticed."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        facts = (*lost(), LaunchOutcomeUnknown(1.0)) if is_unclear else ()
        photo = await launcher.find_earlier_removal(await recorded(ledger, *facts))
        assert photo.state is State.REMOVAL_INTENDED
        assert photo.launch.noticed_at_s == pytest.approx(time.time(), abs=60)
        assert photo.launch.unclear_since_s == pytest.approx(time.time(), abs=60)

    played(tmp_path, Project(), scene)
    (told,) = (record.getMessage() for record in caplog.records if record.action == "removal_noticed")
    assert ("later than its result was looked for" in told) is is_unclear


@pytest.mark.parametrize("error", [None, NotReadyError("not yet"), FailedError("bad", "it is bad")])
def test_a_photo_is_paying_only_while_its_call_is_under_way(tmp_path: Path, error: Exception | None) -> None:
    """A stop waits for the answer of that call, and for no other."""
    uploadcare = Project()
    if error is not None:
        uploadcare.fail("start_removal", error)

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await recorded(ledger)
        gate = uploadcare.hold("start_removal")
        assert not launcher.is_paying(photo.id)
        launching = asyncio.create_task(launcher.launch(photo, first_wait))
        await uploadcare.called("start_removal")
        assert launcher.is_paying(photo.id)
        gate.set()
        await asyncio.wait([launching])
        assert not launcher.is_paying(photo.id)
        assert launching.exception() is error

    played(tmp_path, uploadcare, scene)


@pytest.mark.parametrize(
    ("case", "is_known"),
    [
        ((ThrottledError("429"), SOURCE, 0.0), True),
        ((ThrottledError("429"), SOURCE, 59.0), True),
        ((ThrottledError("429"), SOURCE, 61.0), False),
        ((ThrottledError("429"), "another", 0.0), False),
        ((NotReadyError("not yet"), SOURCE, 0.0), False),
    ],
    ids=["at once", "a minute later", "later", "another upload", "not ready"],
)
def test_an_upload_counts_as_ready_for_a_minute_after_a_refusal_for_the_number_of_launches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[DelayError, str, float], *, is_known: bool
) -> None:
    """Once: then it is asked for again, because a second refusal would say nothing new about it."""
    error, upload, later_s = case
    uploadcare = Project()
    uploadcare.fail("start_removal", error)

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        photo = await recorded(ledger)
        assert not launcher.was_just_refused(photo)
        with pytest.raises(type(error)):
            await launcher.launch(photo, first_wait)
        now_s = time.monotonic()
        monkeypatch.setattr(launch.time, "monotonic", lambda: now_s + later_s)
        photo = with_columns(photo, source_uuid=upload)
        assert launcher.was_just_refused(photo) is is_known
        assert not launcher.was_just_refused(photo)
        monkeypatch.undo()

    played(tmp_path, uploadcare, scene)


def test_a_result_that_is_found_is_adopted_at_once(tmp_path: Path) -> None:
    """The photo goes on with it, and nothing is paid for again."""
    folder, project = folder_in(tmp_path), OneResult()

    async def scene(ledger: Ledger) -> Photo:
        photo = await lost_photo(ledger, folder.input / "a.png", (60, 40))
        context = StepContext(ledger, project, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return await Launcher(context, unlimited_budget(ledger, tmp_path), lambda: 1.0).find_outcome(photo)

    photo = with_ledger(tmp_path, scene)
    assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, RESULT)
    assert project.count("start_removal") == 0


def test_uploads_that_are_given_up_again_and_again_are_sent_ever_more_rarely(tmp_path: Path) -> None:
    """Each costs three operations; the third one waits for a minute."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        facts: list[Fact] = []
        for number in range(2):
            facts += [*lost(LOOK_FOR_S * 4), UploadAbandoned(), Uploaded(f"again {number}")]
        photo = await launcher.find_outcome(await recorded(ledger, *facts, *lost(LOOK_FOR_S * 9)))
        assert (photo.state, photo.wait.kind) == (State.ACCEPTED, WaitKind.RETRY)
        assert photo.wait.until_s - time.time() == pytest.approx(60.0, abs=10.0)

    played(tmp_path, Project(is_there=False), scene)


def test_launches_that_are_never_made_are_looked_for_ever_longer(tmp_path: Path) -> None:
    """A service that loses each launch is not fed one every few seconds: after seven the look lasts four times."""

    async def scene(ledger: Ledger, launcher: Launcher) -> None:
        facts = [fact for _ in range(7) for fact in (*lost(), LaunchNotMade())]
        photo = await launcher.find_outcome(await recorded(ledger, *facts, *lost(70.0)))
        assert photo.state is State.REMOVAL_INTENDED

    played(tmp_path, Project(), scene)
