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
