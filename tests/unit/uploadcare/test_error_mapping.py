import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.core.errors import (
    AccountBlockedError,
    AddonRefusedError,
    ClockWrongError,
    CutoutdError,
    DeliveryRefusedError,
    FailedError,
    KeysRefusedError,
    RemovalLockedError,
    ThrottledError,
    UnreachableError,
    UploadsRefusedError,
    VersionRefusedError,
)
from cutoutd.uploadcare.error_mapping import delivery_error_for, error_for, launch_error_for, upload_error_for
from cutoutd.uploadcare.responses import Response

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REST = "application/vnd.uploadcare-v0.7+json"


def answered(status: int, body: object, kind: str = REST, **headers: str) -> Response:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Response("api.test", status, httpx2.Headers(named), text.encode(), NOW.timestamp())


@pytest.mark.parametrize(
    ("status", "detail", "kind"),
    [
        (401, "Incorrect authentication credentials.", KeysRefusedError),
        (401, "Public key demopublickey not found.", KeysRefusedError),
        (402, "Payment required.", AccountBlockedError),
        (403, "You do not have permission.", AccountBlockedError),
        (406, "Incorrect Accept header provided.", VersionRefusedError),
        (404, "Not found.", UnreachableError),
        (500, "Internal error.", UnreachableError),
    ],
)
def test_refusals_of_any_call(status: int, detail: str, kind: type[CutoutdError]) -> None:
    """A refusal says who has to act, in the service's own words, and blames no photo."""
    error = error_for(answered(status, {"detail": detail}))
    assert type(error) is kind
    assert detail in error.sentence


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"detail": "Add-On is disabled."}, AddonRefusedError),
        (404, {"detail": "Not found."}, AddonRefusedError),
        (409, {"detail": "Concurrent call attempted"}, RemovalLockedError),
        (401, {"detail": "Invalid signature. Please check your Secret key."}, KeysRefusedError),
        (402, {"detail": "Payment required."}, AccountBlockedError),
        (406, {"detail": "Incorrect Accept header provided."}, VersionRefusedError),
        (408, {"detail": "Time-out."}, UnreachableError),
        (429, "<html>slow down</html>", ThrottledError),
        (400, {"target": ["Must be a valid UUID."]}, FailedError),
        (403, "<html>blocked by your company</html>", UnreachableError),
        (409, "not json", UnreachableError),
        (302, {"detail": "elsewhere"}, UnreachableError),
        (502, "<html>bad gateway</html>", UnreachableError),
        (503, {"detail": "Try later."}, UnreachableError),
    ],
)
def test_refusals_of_a_launch(status: int, body: object, kind: type[CutoutdError]) -> None:
    """Only a parsed 4xx of the service refuses a launch; all else leaves it open whether it was accepted."""
    assert type(launch_error_for(answered(status, body))) is kind


def test_field_keyed_bodies_are_told() -> None:
    """Not every refusal has a detail: the faulty field and its text are shown."""
    error = launch_error_for(answered(400, {"target": ["Must be a valid UUID."]}))
    assert "target: Must be a valid UUID." in error.sentence


def test_the_services_code_reaches_the_user() -> None:
    """A source that the add-on refuses at launch keeps the service's own code and title."""
    body = {"detail": "Failed.", "details": {"code": "unknown_foreground", "title": "No foreground found"}}
    error = launch_error_for(answered(400, body))
    assert isinstance(error, FailedError)
    assert error.code == "unknown_foreground"
    assert "No foreground found" in error.sentence


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (403, "UPLOADCARE_PUB_KEY is invalid.", KeysRefusedError),
        (403, "UPLOADCARE_PUB_KEY is required.", KeysRefusedError),
        (403, "Expired signature.", KeysRefusedError),
        (403, "Invalid signature.", KeysRefusedError),
        (403, "Project 39e3eb895fdada95e7a9 is marked as removed.", KeysRefusedError),
        (400, "`signature` is required.", KeysRefusedError),
        (400, "`expire` must be a UNIX timestamp.", KeysRefusedError),
        (403, "Account has been blocked.", AccountBlockedError),
        (403, "Account has been blocked for non payment.", AccountBlockedError),
        (403, "Account has reached its limits.", AccountBlockedError),
        (403, "Upload failed.", UnreachableError),
        (400, "File is too large.", FailedError),
        (400, "Uploading of these file types is not allowed.", UploadsRefusedError),
        (403, "Uploading of this file is not permitted.", UploadsRefusedError),
        (400, "The file is infected by Win.Test.EICAR_HDB-1 virus.", FailedError),
        (413, "The size of the request is too large.", FailedError),
        (500, "Oops", UnreachableError),
    ],
)
def test_refusals_of_an_upload(status: int, text: str, kind: type[CutoutdError]) -> None:
    """The Upload API's plain texts tell keys, account and photo apart."""
    error = upload_error_for(answered(status, text, "text/plain; charset=utf-8"))
    assert type(error) is kind
    assert text in error.sentence


def test_a_proxys_page_never_blames_a_photo() -> None:
    """An upload refused with HTML was refused by somebody else."""
    assert type(upload_error_for(answered(413, "<html>too large</html>", "text/html"))) is UnreachableError


@pytest.mark.parametrize("status", [401, 403])
def test_refused_deliveries_give_advice_about_signed_urls(status: int) -> None:
    """A CDN that refuses halts the service, and the advice names signed URLs."""
    error = delivery_error_for(answered(status, ""))
    assert isinstance(error, DeliveryRefusedError)
    assert "signed CDN URLs" in error.advice


@pytest.mark.parametrize(
    ("headers", "body", "retry_after_s"),
    [
        ({"retry_after": "17"}, "{}", 17),
        ({}, '{"detail": "Request was throttled. Expected available in 10 seconds."}', 10),
        ({}, "slow down", 30),
        ({"retry_after": "soon"}, "slow down", 30),
        ({"retry_after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, "", 90),
        ({"retry_after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, "", 0),
    ],
)
def test_the_services_wish_for_patience(headers: dict[str, str], body: str, retry_after_s: float) -> None:
    """Retry-After is read as seconds or as a date, else the text's own number counts, else half a minute."""
    for read in (error_for, launch_error_for, upload_error_for, delivery_error_for):
        error = read(answered(429, body, "text/plain", **headers))
        assert isinstance(error, ThrottledError)
        assert error.retry_after_s == retry_after_s


def test_a_retry_date_is_read_by_the_servers_clock() -> None:
    """With this machine's clock an hour ahead, a date a minute ahead of the server's still means a minute."""
    served_at = NOW - timedelta(hours=1)
    resume_at = format_datetime(served_at + timedelta(seconds=60), usegmt=True)
    error = error_for(answered(429, "", date=format_datetime(served_at, usegmt=True), retry_after=resume_at))
    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == 60


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-61, "clock is 61 minutes ahead of Uploadcare's"), (20, "clock is 20 minutes behind Uploadcare's")],
)
def test_a_wrong_clock_is_named(minutes: int, words: str) -> None:
    """A signature refused for its date blames the clock and says by how much, never the keys."""
    date = format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)
    for error in (
        error_for(answered(401, {"detail": "Invalid signature."}, date=date)),
        upload_error_for(answered(403, "Expired signature.", "text/plain", date=date)),
    ):
        assert isinstance(error, ClockWrongError)
        assert words in error.sentence
        assert "clock" in error.advice


def test_a_clock_that_is_a_little_wrong_does_not_excuse_wrong_keys() -> None:
    """Within the 15 minutes that Uploadcare allows it is the keys, and the clock is worth a word."""
    date = format_datetime(NOW - timedelta(minutes=5), usegmt=True)
    error = error_for(answered(401, {"detail": "Invalid signature."}, date=date))
    assert isinstance(error, KeysRefusedError)
    assert "5 minutes ahead of Uploadcare's" in error.sentence


def test_nothing_is_said_twice() -> None:
    """Title and sentence together read as one: who refused what, and the words it had for it."""
    for error in (
        upload_error_for(answered(403, "Invalid signature.", "text/plain")),
        upload_error_for(answered(403, "Account has been blocked.", "text/plain")),
        launch_error_for(answered(403, {"detail": "Add-On is disabled."})),
    ):
        assert "refused" not in error.sentence
        assert error.sentence.startswith("api.test said 403: ")


def test_a_right_clock_is_not_mentioned() -> None:
    """Without a notable difference the advice is about the keys."""
    error = error_for(answered(401, {"detail": "Invalid signature."}, date=format_datetime(NOW, usegmt=True)))
    assert "clock" not in error.sentence
    assert "public_key" in error.advice


@given(st.integers(300, 599), st.binary(max_size=200), st.sampled_from([REST, "text/plain", "text/html", ""]))
def test_every_answer_is_some_error(status: int, body: bytes, kind: str) -> None:
    """Whatever a server says, it is read as an error with one short line of text."""
    answer = Response("api.test", status, httpx2.Headers({"content-type": kind}), body, NOW.timestamp())
    for read in (error_for, launch_error_for, upload_error_for, delivery_error_for):
        sentence = read(answer).sentence
        assert len(sentence) < 500
        assert "\n" not in sentence
