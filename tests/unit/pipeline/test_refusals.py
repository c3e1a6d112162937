"""What a refusal is about: one table, row by row."""

import pytest

from cutoutd.core.errors import HaltError, RefusableRequest
from cutoutd.pipeline.scheduling.refusals import SCOPES, Experience, Refusals, RefusalScope, Verdict, decide

FIRST = Experience()
AGAIN = Experience(photos=1, times=2)
SECOND = Experience(photos=2)
THIRD = Experience(photos=3)
ALONE = Experience(alone=1)
ALONE_TWICE = Experience(alone=2)
ALONE_AGAIN = Experience(times=2, alone=1)
ALONE_AND_THIRD = Experience(photos=3, alone=1)


@pytest.mark.parametrize(
    ("scope", "known", "verdict"),
    [
        (RefusalScope.PROJECT, FIRST, Verdict.HALT),
        (RefusalScope.PROJECT, ALONE_TWICE, Verdict.HALT),
        (RefusalScope.LIKELY_PROJECT, FIRST, Verdict.HALT),
        (RefusalScope.LIKELY_PROJECT, SECOND, Verdict.HALT),
        (RefusalScope.LIKELY_PROJECT, ALONE, Verdict.WAIT),
        (RefusalScope.LIKELY_PROJECT, ALONE_AGAIN, Verdict.HALT),
        (RefusalScope.LIKELY_PROJECT, ALONE_AND_THIRD, Verdict.HALT),
        (RefusalScope.LIKELY_PROJECT, ALONE_TWICE, Verdict.PHOTO),
        (RefusalScope.UNSURE, FIRST, Verdict.WAIT),
        (RefusalScope.UNSURE, AGAIN, Verdict.HALT),
        (RefusalScope.UNSURE, SECOND, Verdict.WAIT),
        (RefusalScope.UNSURE, THIRD, Verdict.HALT),
        (RefusalScope.UNSURE, ALONE, Verdict.PHOTO),
        (RefusalScope.UNSURE, ALONE_AND_THIRD, Verdict.HALT),
    ],
)
def test_a_refusal_is_about_all_or_about_one(scope: RefusalScope, known: Experience, verdict: Verdict) -> None:
    """The kind of the refusal decides, with what others were granted and refused."""
    assert decide(scope, known) is verdict


def test_every_refusal_has_a_scope() -> None:
    """A new reason to halt gets its row."""
    assert set(SCOPES) == set(HaltError.__subclasses__())


def test_experience_is_counted_by_kind_of_request() -> None:
    """Acceptance ends a row of refusals, and shows that a photo is refused alone; other kinds show nothing."""
    refusals, download = Refusals(), RefusableRequest.DOWNLOAD
    assert refusals.refuse(download, 1) == FIRST
    assert refusals.refuse(download, 2) == SECOND
    refusals.accept(RefusableRequest.QUESTION)
    assert refusals.refuse(download, 1) == Experience(photos=2, times=2)
    assert refusals.suspects(download) == {1}
    refusals.accept(download)
    assert refusals.suspects(download) == frozenset()
    assert refusals.refuse(download, 1) == ALONE
    refusals.accept(download, 1)
    assert refusals.refuse(download, 1) == FIRST


def test_a_photo_is_alone_as_often_as_others_were_accepted_between_its_refusals() -> None:
    """Refusals without an acceptance between them are one doubt; its own acceptance ends all doubts."""
    refusals, launch = Refusals(), RefusableRequest.LAUNCH
    assert [refusals.refuse(launch, 1).alone for _ in range(2)] == [0, 0]
    for number in (1, 2, 3):
        refusals.accept(launch)
        refusals.accept(launch)
        assert refusals.refuse(launch, 1) == Experience(photos=1, times=1, alone=number)
    assert refusals.refuse(launch, 2) == Experience(photos=2, times=1, alone=0)
    refusals.accept(launch, 1)
    assert refusals.refuse(launch, 1) == FIRST


@pytest.mark.parametrize(("kind", "photos"), [(RefusableRequest.DOWNLOAD, 1), (RefusableRequest.LAUNCH, 3)])
def test_only_for_downloads_photos_that_are_surely_alone_count_for_nothing(kind: RefusableRequest, photos: int) -> None:
    """The consequence of the others is a failure, so more care is taken with them."""
    refusals = Refusals()
    for _ in range(3):
        for photo_id in (1, 2):
            refusals.refuse(kind, photo_id)
        refusals.accept(kind)
    for photo_id in (1, 2):
        refusals.refuse(kind, photo_id)
    assert refusals.refuse(kind, 3).photos == photos


def test_very_many_refused_photos_are_not_remembered() -> None:
    """Memory is bounded. Then none is a suspect, and what is known of single ones is forgotten."""
    refusals, kind = Refusals(), RefusableRequest.LAUNCH
    for photo_id in range(1000):
        refusals.refuse(kind, photo_id)
        refusals.refuse(kind, photo_id)
    assert refusals.suspects(kind) == set(range(1000))
    refusals.accept(kind)
    assert refusals.refuse(kind, 5).alone == 0
    refusals.accept(kind)
    assert refusals.refuse(kind, 5).alone == 1
    for photo_id in range(1001):
        refusals.refuse(kind, photo_id)
        refusals.refuse(kind, photo_id)
    assert refusals.suspects(kind) == frozenset()
