"""``plan`` and ``report`` beside a share that hangs: they end, and say which tree does not answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.settings import FolderSettings
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import TreeUnavailableError
from cutoutd.core.photo import State
from cutoutd.ledger import Ledger
from cutoutd.status.plan import PlannedOutcome
from cutoutd.status.plan_scan import PlanScanner
from cutoutd.status.report.thumbnails import pairs_of
from support.folders import folder_in, settings_in
from support.images.drawn_photos import put
from support.ledgers import identity, photo_at, with_ledger


@contextmanager
def silent(root: Path) -> Iterator[None]:
    """A tree with a call that hangs."""
    answers = threading.Event()
    with pytest.raises(TreeUnavailableError):
        calls_to(root).wait(0.05, answers.wait)
    try:
        yield
    finally:
        answers.set()


@pytest.fixture
def two(tmp_path: Path) -> tuple[FolderSettings, FolderSettings]:
    """Two folders with a photo each."""
    (tmp_path / "other").mkdir()
    one, other = folder_in(tmp_path), folder_in(tmp_path / "other").model_copy(update={"name": "other"})
    for folder in (one, other):
        put(folder.input / "a.jpg")
    return one, other


@pytest.mark.parametrize("tree", ["input", "output"])
def test_plan_leaves_out_a_folder_that_does_not_answer(
    tree: str, two: tuple[FolderSettings, FolderSettings], tmp_path: Path
) -> None:
    """The other folder is planned, and the count for the progress bar ends too."""
    settings = settings_in(tmp_path, "http://127.0.0.1:9/", *two)
    scanner = PlanScanner(settings, lambda: None)
    root: Path = getattr(two[0], tree)
    with silent(root):
        assert scanner.count() == (1 if tree == "input" else 2)
        first, second = scanner.plan_all().folders
    assert first.absence.startswith(f"{root} does not answer since")
    assert second.absence == ""
    assert second.outcomes[PlannedOutcome.SEND] == 1


def test_report_shows_a_sentence_in_place_of_a_picture(
    two: tuple[FolderSettings, FolderSettings], tmp_path: Path
) -> None:
    """A photo on a share that hangs has no picture, and its cutout elsewhere is still looked for."""
    settings = settings_in(tmp_path, "http://127.0.0.1:9/", *two)

    async def scene(ledger: Ledger) -> None:
        photo = await photo_at(ledger, State.PUBLISHED, identity("a.jpg", folder=two[0].name))
        photo = replace(photo, identity=replace(photo.identity, input=str(two[0].input)))
        with silent(two[0].input):
            (pair,) = pairs_of([photo], settings)
        assert f"{two[0].input} does not answer since" in pair.before.absence
        assert "does not answer" not in pair.after.absence

    with_ledger(tmp_path, scene)
