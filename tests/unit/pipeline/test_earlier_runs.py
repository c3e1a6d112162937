"""An upload that says a removal was made of it, and the launches of others that may have a result too."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from cutoutd.core.errors import NotDeliveredError, ResultGoneError, ThrottledError, UnreachableError
from cutoutd.core.photo import (
    Accepted,
    LaunchOutcomeUnknown,
    LaunchResponseLost,
    RemovalFinished,
    RemovalIntended,
    State,
    Superseded,
    UploadAbandoned,
    Uploaded,
    Wait,
    WaitKind,
)
from cutoutd.ledger import Ledger, open_ledger
from cutoutd.ledger.queries import photos
from cutoutd.ledger.writes import launches
from cutoutd.pipeline.completion.poll_schedule import PollSchedule
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching.launch import Launcher
from cutoutd.pipeline.steps.launching.recover_launch import look_for_traces
from cutoutd.uploadcare.responses import RemoteFile
from support.fakes.fake_uploadcare import FakeUploadcare
from support.fakes.lost_results import RESULT, SOURCE, OneResult, described, lost, picture
from support.fakes.unlimited_budget import unlimited_budget
from support.folders import folder_in, folders_of
from support.images.drawn_photos import jpeg
from support.ledgers import ACCEPTED, identity, identity_of, photo_at, with_ledger
from support.pipelines import pipeline_of

DAY_S = 86_400.0
FOREIGN = "33333333-0000-4000-8000-000000000000"


class Ran(FakeUploadcare):
    """Every upload says that a removal was made of it, and no result can be found."""

    async def require_ready(self, source_uuid: str) -> bool:
        await super().require_ready(source_uuid)
        return True


@pytest.mark.parametrize("is_unclear", [False, True], ids=["unknown launch", "lost launch"])
def test_an_upload_that_ran_is_searched_before_it_is_paid_for_again(tmp_path: Path, is_unclear: bool) -> None:  # noqa: FBT001  a case of the table
    """Also after a search for a lost launch that was over before the removal; it is searched once, and not for ever."""
    folder, uploadcare = folder_in(tmp_path), Ran()

    async def scene() -> None:
        async with open_ledger(tmp_path) as ledger:
            budget = unlimited_budget(ledger, tmp_path)
            journey = pipeline_of(ledger, uploadcare, folders_of(folder), budget, PollSchedule([0.0] * 5))
            (folder.input / "a.jpg").write_bytes(jpeg())
            photo = await ledger.discover(identity_of(folder.input, "a.jpg"))
            assert photo is not None
            while photo.state is not State.UPLOADED:
                photo = await journey.advance(photo)
            if is_unclear:
                photo = await ledger.record(photo, RemovalIntended())
                photo = await ledger.record(photo, LaunchResponseLost(1.0, "cut off"))
                photo = await ledger.record(photo, LaunchOutcomeUnknown(1.0))
            photo = await journey.advance(photo)
            assert photo.state is State.REMOVAL_INTENDED
            assert uploadcare.count("start_removal") == 0
            assert (await ledger.query(launches.launch_counts, time.time())).today == 1
            photo = await ledger.record(photo, LaunchOutcomeUnknown(1.0))  # the search was in vain
            assert (await journey.advance(photo)).state is State.REMOVAL_STARTED
            assert uploadcare.count("start_removal") == 1

    asyncio.run(scene())


def test_a_doubt_ends_after_a_day_whatever_the_photo_became(tmp_path: Path) -> None:
    """A photo that ended while its launch had no outcome counts for as long as the service can make a result of it."""

    async def scene(ledger: Ledger) -> None:
        now_s = time.time()
        photo = await photo_at(ledger, State.REMOVAL_INTENDED, identity("looks.jpg"))
        for name, unclear_since_s in (("recent.jpg", now_s - 60), ("old.jpg", now_s - 2 * DAY_S)):
            other = await photo_at(ledger, State.REMOVAL_INTENDED, identity(name))
            other = await ledger.record(other, LaunchResponseLost(unclear_since_s, "cut off"))
            other = await ledger.record(other, LaunchOutcomeUnknown(unclear_since_s))
            await ledger.record(other, Superseded("changed", "it was changed", ""))
        open_now = await ledger.query(photos.open_launches, photo, now_s - DAY_S, 9)
        assert [other.identity.path for other in open_now] == ["recent.jpg"]

    with_ledger(tmp_path, scene)


class TwoResults(OneResult):
    """Another program's result is there too, and comes first; for now it cannot be fetched."""

    def __init__(self, *troubles: Exception, is_ours_there: bool = True) -> None:
        super().__init__()
        self.listed = [FOREIGN, RESULT] if is_ours_there else [FOREIGN]
        self.fail("fetch_foreign", *troubles)

    async def list_since(self, _since: datetime, **_repeats: int) -> list[RemoteFile]:
        return [described(uuid, "image/png", None) for uuid in self.listed]

    async def fetch_cutout(self, result_uuid: str, sink: Callable[[bytes], Awaitable[None]]) -> int:
        if result_uuid == RESULT:
            return await super().fetch_cutout(result_uuid, sink)
        async with self._call("fetch_foreign", result_uuid):
            await sink(picture((60, 40), "blue"))
            return 1


@pytest.mark.parametrize(("ours", "other", "is_adopted"), [("#ff0000", "#fd0000", True), ("#fd0000", "#ff0000", False)])
def test_photos_that_are_much_alike_hold_up_no_search(
    tmp_path: Path, ours: str, other: str, *, is_adopted: bool
) -> None:
    """Two frames of a burst are lost at once: the result is the nearer one's, at once, and never the other's."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        await lost(ledger, folder.input / "other.png", (60, 40), other)
        photo = await lost(ledger, folder.input / "ours.png", (60, 40), ours)
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert (with_ledger(tmp_path, scene) == RESULT) is is_adopted


def test_a_renamed_photo_is_told_by_its_copy(tmp_path: Path) -> None:
    """Its result is adopted although its own name is gone, because a photo with the same bytes shows what it was."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        (folder.input / "ours.png").rename(folder.input / "new.png")
        renamed = await ledger.discover(identity_of(folder.input, "new.png"))
        assert renamed is not None
        accepted: Accepted = replace(ACCEPTED, sha256="ours.png".rjust(64, "0"), width=60, height=40)
        await ledger.accept(renamed, accepted, ["new.png"])
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert with_ledger(tmp_path, scene) == RESULT


@pytest.mark.parametrize(
    ("other_size", "is_adopted"), [((40, 60), True), ((60, 40), False)], ids=["tall", "same shape"]
)
def test_a_photo_that_cannot_be_read_holds_up_only_its_own_shape(
    tmp_path: Path,
    other_size: tuple[int, int],
    is_adopted: bool,  # noqa: FBT001  a case of the table
) -> None:
    """Another photo with an open launch has no file any more: only a picture of its shape could be its."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        await lost(ledger, folder.input / "other.png", other_size)
        (folder.input / "other.png").unlink()
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert (with_ledger(tmp_path, scene) == RESULT) is is_adopted


def test_a_result_that_a_photo_claims_is_never_adopted(tmp_path: Path) -> None:
    """It shows the same pixels, and was paid for as another photo's: two photos never share one removal by chance."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        other = await photo_at(ledger, State.REMOVAL_STARTED, identity("claims.png"))
        await ledger.record(other, RemovalFinished(RESULT))
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert with_ledger(tmp_path, scene) is None


def test_another_photo_is_told_by_its_copy(tmp_path: Path) -> None:
    """Another photo with an open launch and the same shape is renamed: its copy shows that the result is not its."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        await lost(ledger, folder.input / "other.png", (60, 40), "blue")
        (folder.input / "other.png").rename(folder.input / "new.png")
        renamed = await ledger.discover(identity_of(folder.input, "new.png"))
        assert renamed is not None
        accepted: Accepted = replace(ACCEPTED, sha256="other.png".rjust(64, "0"), width=60, height=40)
        await ledger.accept(renamed, accepted, ["new.png"])
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert with_ledger(tmp_path, scene) == RESULT


def test_a_result_that_is_not_ours_is_fetched_twice_at_most(tmp_path: Path) -> None:
    """Each look would fetch it again; one that cannot be told because a file is away is fetched again."""
    folder, uploadcare = folder_in(tmp_path), TwoResults(is_ours_there=False)

    async def scene(ledger: Ledger) -> None:
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, uploadcare, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        away = folder.input.rename(folder.input.with_name("away"))
        for _ in range(3):
            assert (await look_for_traces(photo, context)).result_uuid is None
        assert uploadcare.count("fetch_foreign") == 3
        away.rename(folder.input)
        for _ in range(3):
            assert (await look_for_traces(photo, context)).result_uuid is None
        assert uploadcare.count("fetch_foreign") == 5
        uploadcare.listed.append(RESULT)
        assert (await look_for_traces(photo, context)).result_uuid == RESULT

    with_ledger(tmp_path, scene)


@pytest.mark.parametrize(
    ("uploadcare", "fetches", "found"),
    [
        (TwoResults(*[UnreachableError("cut off")] * 3), 3, RESULT),
        (TwoResults(NotDeliveredError("404")), 1, RESULT),
        (TwoResults(UnreachableError("cut off"), is_ours_there=False), 2, None),
        (TwoResults(ResultGoneError("gone")), 1, RESULT),
        (TwoResults(ResultGoneError("gone"), is_ours_there=False), 1, None),
        (TwoResults(*[UnreachableError("cut off")] * 3, is_ours_there=False), 3, UnreachableError),
        (TwoResults(ThrottledError("429")), 1, ThrottledError),
    ],
    ids=["lost", "not delivered", "lost once", "gone before ours", "gone", "lost, and none behind it", "throttled"],
)
def test_a_result_that_cannot_be_fetched_hides_none_behind_it(
    tmp_path: Path, uploadcare: TwoResults, fetches: int, found: str | type[Exception] | None
) -> None:
    """Ours is found behind it. Without ours nothing is concluded, because the one that did not come may be ours."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        (folder.input / "ours.png").write_bytes(picture((60, 40), "red"))
        photo = await ledger.discover(identity_of(folder.input, "ours.png"))
        assert photo is not None
        photo = await ledger.accept(photo, replace(ACCEPTED, width=60, height=40), ["ours.png"])
        for fact in (Uploaded(SOURCE), RemovalIntended(), LaunchResponseLost(time.time(), "cut off")):
            photo = await ledger.record(photo, fact)
        context = StepContext(ledger, uploadcare, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    if isinstance(found, type):
        with pytest.raises(found):
            with_ledger(tmp_path, scene)
    else:
        assert with_ledger(tmp_path, scene) == found
    assert uploadcare.count("fetch_foreign") == fetches


def test_a_result_of_an_upload_that_was_given_up_is_found_before_it_is_paid_for_again(tmp_path: Path) -> None:
    """Without a webhook too: the result came after the search, and is there before the new upload is launched."""
    folder, uploadcare = folder_in(tmp_path), OneResult()

    async def scene(ledger: Ledger) -> None:
        (folder.input / "a.png").write_bytes(picture((60, 40), "red"))
        photo = await ledger.discover(identity_of(folder.input, "a.png"))
        assert photo is not None
        photo = await ledger.accept(photo, ACCEPTED, ["a.png"])
        lost = (Uploaded(SOURCE), RemovalIntended(), LaunchResponseLost(time.time(), "cut off"), UploadAbandoned())
        for fact in (*lost, Uploaded("again")):
            photo = await ledger.record(photo, fact)
        context = StepContext(ledger, uploadcare, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        launcher = Launcher(context, unlimited_budget(ledger, tmp_path), lambda: 1.0)
        photo = await launcher.launch(photo, lambda now_s: Wait(WaitKind.POLL, now_s))
        assert (photo.state, photo.launch.result_uuid) == (State.REMOVAL_FINISHED, RESULT)
        assert uploadcare.count("start_removal") == 0

    with_ledger(tmp_path, scene)


def test_a_photo_that_waits_to_be_launched_again_may_have_the_result(tmp_path: Path) -> None:
    """Its first launch was given up: a result of the same picture may be its, so nobody takes it."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        given_up = await lost(ledger, folder.input / "given-up.png", (60, 40))
        await ledger.record(given_up, UploadAbandoned())
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, OneResult(), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert with_ledger(tmp_path, scene) is None
