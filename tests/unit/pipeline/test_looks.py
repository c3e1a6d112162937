"""A look for the result of a lost launch: what is asked, which results may be the photo's, and which photos else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutoutd.core.photo import Photo, Wait, WaitKind
from cutoutd.ledger import Ledger
from cutoutd.pipeline.steps.context import StepContext
from cutoutd.pipeline.steps.launching import find_result
from cutoutd.pipeline.steps.launching.recover_launch import LaunchTraces, look_for_given_up, look_for_traces
from cutoutd.uploadcare.responses import RemoteFile
from support.fakes.lost_results import RESULT, SOURCE, OneResult, described, lost, picture
from support.folders import folder_in, folders_of
from support.ledgers import in_database, with_columns, with_ledger


class Listed(OneResult):
    """A project whose upload says this, and whose list holds these files."""

    def __init__(self, *files: RemoteFile, source: RemoteFile | None = None) -> None:
        super().__init__()
        self.listed = files
        self.source = source or described(SOURCE, "image/png", {"remove_bg": {}})
        self.repeats: list[int] = []
        self.since: list[datetime] = []
        self.fetched: list[str] = []

    async def get(self, uuid: str, *, repeats: int = 0) -> RemoteFile:
        assert uuid == SOURCE
        self.repeats.append(repeats)
        return self.source

    async def list_since(self, since: datetime, *, repeats: int = 0) -> list[RemoteFile]:
        self.repeats.append(repeats)
        self.since.append(since)
        return list(self.listed)

    async def fetch_cutout(self, result_uuid: str, sink: object) -> int:
        self.fetched.append(result_uuid)
        assert callable(sink)
        await sink(picture((60, 40), "red" if result_uuid == RESULT else "blue"))
        return 1


def result(uuid: str = RESULT, mime_type: str = "image/png", **others: object) -> RemoteFile:
    return described(uuid, mime_type, None).model_copy(update=others)


def numbered(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def looked(place: Path, project: Listed, others: Sequence[tuple[int, int]] = (), **columns: object) -> LaunchTraces:
    """The findings about a lost red photo, beside blue ones of these sizes with open launches."""
    folder = folder_in(place)

    async def scene(ledger: Ledger) -> LaunchTraces:
        for number, size in enumerate(others):
            await lost(ledger, folder.input / f"{number}.png", size, "blue")
        photo = with_columns(await lost(ledger, folder.input / "ours.png", (60, 40)), **columns)
        context = StepContext(ledger, project, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return await look_for_traces(photo, context)

    return with_ledger(place, scene)


@pytest.mark.parametrize(
    ("listed", "found", "fetched"),
    [
        ([result()], RESULT, [RESULT]),
        ([result(mime_type="image/jpeg")], None, []),
        ([result(removed_at="2026-11-30T00:00:00Z")], None, []),
        ([result(numbered(1)), result()], RESULT, [numbered(1), RESULT]),
        ([result(numbered(number)) for number in range(12)], None, [numbered(number) for number in range(10)]),
        ([], None, []),
    ],
    ids=["ours", "no PNG", "removed", "behind another", "too many", "nothing"],
)
def test_only_pngs_that_are_there_are_compared_and_few_of_them(
    tmp_path: Path, listed: list[RemoteFile], found: str | None, fetched: list[str]
) -> None:
    """Each comparison is a download: the oldest come first, because a result is made right after its launch."""
    project = Listed(*listed)
    assert looked(tmp_path, project) == LaunchTraces(is_source_gone=False, result_uuid=found)
    assert project.fetched == fetched


@pytest.mark.parametrize(
    ("upload", "parameters", "traces"),
    [
        (({"remove_bg": {}}, None), "{}", LaunchTraces(is_source_gone=False, result_uuid=RESULT)),
        (({"remove_bg": {}}, "2026-11-30"), "{}", LaunchTraces(is_source_gone=True, result_uuid=RESULT)),
        ((None, "2026-11-30"), "{}", LaunchTraces(is_source_gone=True, result_uuid=None, may_have_run=False)),
        ((None, None), "{}", LaunchTraces(is_source_gone=False, result_uuid=None, may_have_run=False)),
        (({"remove_bg": {}}, None), '{"crop":true}', LaunchTraces(is_source_gone=False, result_uuid=None)),
    ],
    ids=["marked", "marked and removed", "removed", "unmarked", "cropped"],
)
def test_results_are_listed_only_if_one_may_be_ours_and_be_known(
    tmp_path: Path, upload: tuple[dict[str, object] | None, str | None], parameters: str, traces: LaunchTraces
) -> None:
    """A list costs an operation. A young upload that was removed is looked behind later, when its day is not over."""
    appdata, removed = upload
    source = described(SOURCE, "image/png", appdata).model_copy(update={"removed_at": removed})
    project = Listed(result(), source=source)
    assert looked(tmp_path, project, parameters=parameters) == traces
    assert project.since == ([source.uploaded_at] if traces.result_uuid else [])


@pytest.mark.parametrize(("failed_tries", "repeats"), [(0, 2), (5, 2), (6, 0)])
def test_each_question_of_a_look_is_repeated_at_once_while_an_outage_is_young(
    tmp_path: Path, failed_tries: int, repeats: int
) -> None:
    """A look is worth nothing without one of its answers."""
    folder, project = folder_in(tmp_path), Listed(result())

    async def scene(ledger: Ledger) -> None:
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        tried = replace(photo, wait=Wait(WaitKind.RETRY, 0.0, failed_tries, "no connection"))
        context = StepContext(ledger, project, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        await look_for_traces(tried, context)

    with_ledger(tmp_path, scene)
    assert project.repeats == [repeats, repeats]


@pytest.mark.parametrize(("open_launches", "is_found"), [(2, True), (3, False)])
def test_a_look_among_too_many_open_launches_concludes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_launches: int, *, is_found: bool
) -> None:
    """Each costs a read and a comparison; there are fewer later."""
    monkeypatch.setattr(find_result, "COMPARED_PHOTOS", 2)
    project = Listed(result())
    assert (looked(tmp_path, project, [(60, 40)] * open_launches).result_uuid == RESULT) is is_found
    assert bool(project.fetched) is is_found


@pytest.mark.parametrize(
    ("size", "is_found"),
    [((60, 40), False), ((600, 400), False), ((61, 40), False), ((63, 40), True), ((40, 60), True)],
)
def test_an_unreadable_photo_of_nearly_the_same_shape_may_be_the_results(
    tmp_path: Path, size: tuple[int, int], *, is_found: bool
) -> None:
    """Sides in the same proportion, up to rounding: two such photos cannot be told apart without their files."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        other = await lost(ledger, folder.input / "other.png", size, "blue")
        (folder.input / other.identity.path).unlink()
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, Listed(result()), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert (with_ledger(tmp_path, scene) == RESULT) is is_found


@pytest.mark.parametrize(("age_days", "is_found"), [(0.9, False), (1.1, True)])
def test_launches_whose_results_are_older_than_the_listed_ones_are_not_compared(
    tmp_path: Path, age_days: float, *, is_found: bool
) -> None:
    """A removal ends within a day. The other photo has the same pixels, so only its age tells the two apart."""
    folder = folder_in(tmp_path)

    async def scene(ledger: Ledger) -> str | None:
        await lost(ledger, folder.input / "other.png", (60, 40))
        for column in ("unclear_since_s", "state_at_s"):
            in_database(tmp_path, f"UPDATE photos SET {column} = {column} - {age_days * 86_400}")  # noqa: S608  a number of the table
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        context = StepContext(ledger, Listed(result()), folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert (with_ledger(tmp_path, scene) == RESULT) is is_found


@pytest.mark.parametrize(("parameters", "found"), [("{}", RESULT), ('{"crop":true}', None)])
def test_a_given_up_launch_is_looked_for_from_a_little_before_it_on(
    tmp_path: Path, parameters: str, found: str | None
) -> None:
    """The clock of the service may differ by a quarter of an hour; what cannot be compared is not listed."""
    folder, project = folder_in(tmp_path), Listed(result())
    launched_at = datetime.now(UTC) - timedelta(hours=2)

    async def scene(ledger: Ledger) -> str | None:
        photo: Photo = with_columns(await lost(ledger, folder.input / "ours.png", (60, 40)), parameters=parameters)
        context = StepContext(ledger, project, folders_of(folder))  # type: ignore[arg-type]  # a stand-in
        return await look_for_given_up(photo, launched_at.timestamp(), context)

    assert with_ledger(tmp_path, scene) == found
    assert project.since == ([launched_at - timedelta(minutes=15)] if found else [])


@pytest.mark.parametrize("is_configured", [True, False], ids=["its file is gone", "its folder is not configured"])
def test_a_photo_that_cannot_be_read_anywhere_gets_no_result(tmp_path: Path, *, is_configured: bool) -> None:
    """No copy has its bytes either, so nothing shows that a result is its."""
    folder, project = folder_in(tmp_path), Listed(result())

    async def scene(ledger: Ledger) -> str | None:
        photo = await lost(ledger, folder.input / "ours.png", (60, 40))
        (folder.input / "ours.png").unlink()
        folders = folders_of(folder) if is_configured else folders_of()
        context = StepContext(ledger, project, folders)  # type: ignore[arg-type]  # a stand-in
        return (await look_for_traces(photo, context)).result_uuid

    assert with_ledger(tmp_path, scene) is None
    assert project.fetched == [RESULT]
