"""Where a photo goes on that a person wants retried or made anew; decided from what the ledger knows alone."""

from dataclasses import replace

import pytest

from cutoutd.control import reprocess, retry
from cutoutd.control.messages import Scope
from cutoutd.core.photo import (
    INTERNAL_FAULT,
    Photo,
    Reprocessed,
    Retry,
    RetryDelivery,
    RetryFromStart,
    RetryPoll,
    RetrySearch,
    RetryUpload,
    State,
    Wait,
    WaitKind,
)
from support.ledgers import identity, with_columns

FAILED = with_columns(
    Photo(id=1, identity=identity(), state=State.FAILED, state_at_s=50.0),
    sha256="5" * 64,
    parameters='{"crop":true}',
    code="unknown_foreground",
)
AGAIN = RetryUpload(parameters="{}")


@pytest.mark.parametrize(
    ("known", "fact"),
    [
        ({"sha256": None, "failed_state": State.DISCOVERED, "code": INTERNAL_FAULT}, RetryFromStart()),
        ({"failed_state": State.ACCEPTED, "code": "upload_refused"}, AGAIN),
        ({"failed_state": State.UPLOADED, "source_uuid": "s"}, AGAIN),
        ({"failed_state": State.REMOVAL_STARTED, "source_uuid": "s", "request_id": "r"}, AGAIN),
        ({"failed_state": State.REMOVAL_STARTED, "request_id": "r", "code": INTERNAL_FAULT}, RetryPoll()),
        ({"failed_state": State.REMOVAL_INTENDED, "code": INTERNAL_FAULT}, RetrySearch(unclear_since_s=50.0)),
        (
            {"failed_state": State.REMOVAL_INTENDED, "code": INTERNAL_FAULT, "unclear_since_s": 9.0},
            RetrySearch(unclear_since_s=9.0),
        ),
        ({"failed_state": State.REMOVAL_FINISHED, "result_uuid": "x", "code": INTERNAL_FAULT}, RetryDelivery()),
        ({"failed_state": State.REMOVAL_FINISHED, "result_uuid": "x"}, RetryDelivery()),
    ],
)
def test_a_retry_goes_on_at_the_furthest_fact_that_holds(known: dict[str, object], fact: Retry) -> None:
    """What is paid for is fetched or asked about, never launched again; what was refused is launched anew."""
    photo = with_columns(FAILED, **known)
    assert retry.fact_after(photo, "{}") == fact
    after = photo.with_fact(fact, 60.0)
    assert (after.ending.code, after.ending.sentence, after.ending.failed_state) == (None, None, None)


def test_a_rejected_photo_is_checked_again() -> None:
    """Nothing of it left this machine, so a retry begins at the start."""
    rejected = replace(with_columns(FAILED, code="damaged"), state=State.REJECTED)
    assert retry.fact_after(rejected, "{}") == RetryFromStart()
    after = rejected.with_fact(RetryFromStart(), 60.0)
    assert (after.ending.code, after.ending.sentence, after.ending.failed_state) == (None, None, None)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (replace(FAILED, state=State.PUBLISHED), "cutoutd reprocess"),
        (replace(FAILED, state=State.SUPERSEDED), "is gone"),
        (replace(FAILED, state=State.UPLOADED), "under way"),
        (replace(FAILED, state=State.ACCEPTED, wait=Wait(WaitKind.HELD, 9.0, 0, "limits.per_day")), "limits.per_day"),
        (
            replace(
                FAILED, state=State.ACCEPTED, wait=Wait(WaitKind.DUPLICATE, 9.0, 0, "the same picture", for_photo=2)
            ),
            "the same picture",
        ),
    ],
)
def test_what_cannot_be_retried_says_why(photo: Photo, words: str) -> None:
    """Published, gone, under way, held by a limit, or waiting for its twin."""
    assert words in (retry.why_not(photo) or "")


@pytest.mark.parametrize(
    "photo",
    [
        FAILED,
        replace(FAILED, state=State.REJECTED),
        replace(FAILED, state=State.ACCEPTED, wait=Wait(WaitKind.RETRY, 9.0, 3, "Uploadcare cannot be reached")),
    ],
)
def test_what_failed_or_waits_for_trouble_to_pass_can(photo: Photo) -> None:
    """Failed, rejected, and waiting for something that may be over."""
    assert retry.why_not(photo) is None


@pytest.mark.parametrize(
    ("which", "parameters", "since_s"),
    [(Scope.NAMED, "{}", 99.0), (Scope.CHANGED, "{}", None), (Scope.MISSING, '{"crop":true}', None)],
)
def test_only_who_is_named_is_paid_for_again(which: Scope, parameters: str, since_s: float | None) -> None:
    """A missing cutout is wanted as it was, the others as the folder says now; the old one's parameters stay known."""
    fact = reprocess.fact_after(replace(FAILED, state=State.PUBLISHED), "{}", which, 99.0)
    assert fact == Reprocessed(parameters=parameters, previous_parameters='{"crop":true}', reprocess_started_s=since_s)
