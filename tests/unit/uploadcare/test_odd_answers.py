"""Odd answers of the service are its trouble: whatever it sends, the client raises our errors, and no photo ends.

The answers go over a real socket to the real client.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, nullcontext
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutoutd.core.errors import CutoutdError, DelayError, HaltError, PhotoError, ThrottledError, UnreachableError
from cutoutd.uploadcare.bounded_json import ForeignJsonError, read_json
from cutoutd.uploadcare.client import UploadcareClient, open_uploadcare
from support.nightly import IS_NIGHTLY
from support.servers.scripted_server import PATIENT, Script, answer, served_by, settings_for

UUID = "21975c81-7f57-4c7a-aef9-acfe28779f78"
SINCE = datetime(2026, 11, 22, tzinfo=UTC)
FILE = {
    "uuid": UUID,
    "is_ready": True,
    "datetime_uploaded": "2026-11-22T10:00:00.000000Z",
    "datetime_removed": None,
    "size": 1,
    "original_file_url": f"https://cdn.test/{UUID}/a.png",
}

Call = Callable[[UploadcareClient], Awaitable[object]]


async def nowhere(_: bytes) -> None:
    pass


CALLS: dict[str, Call] = {
    "launch": lambda uploadcare: uploadcare.start_removal(UUID, "{}"),
    "poll": lambda uploadcare: uploadcare.get_removal_status(UUID),
    "fetch": lambda uploadcare: uploadcare.fetch_cutout(UUID, nowhere),
    "project": lambda uploadcare: uploadcare.get_project(),
    "file": lambda uploadcare: uploadcare.files.require_ready(UUID),
    "list": lambda uploadcare: uploadcare.files.list_since(SINCE),
    "delete": lambda uploadcare: uploadcare.files.delete([UUID]),
    "webhooks": lambda uploadcare: uploadcare.webhooks.list_all(),
}


async def outcome_of(call: Call, *answers: bytes) -> object:
    """What the call returned or raised, after these raw answers."""
    async with (
        served_by(Script(list(answers))) as url,
        open_uploadcare(settings_for(url), connections=1, timeouts=PATIENT) as uploadcare,
    ):
        try:
            return await call(uploadcare)
        except CutoutdError as error:
            return error


ODD_JSON = {
    "deep": b"[" * 200_000,
    "deep and whole": b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    "half a character": b'{"request_id": "\\ud800", "name": "\\ud800", "detail": "\\udfff"}',
    "a text of a megabyte": b'{"detail": "' + b"a" * 900_000 + b'"}',
    "infinite": b'{"size": 1e999}',
    "not a number": b'{"size": NaN}',
    "a number of 5,000 digits": b'{"size": ' + b"9" * 5_000 + b"}",
    "a number of 70 bits": b'{"size": 1180591620717411303424}',
    "a list without end": b"[" + b"0," * 400_000 + b"0]",
    "a name that occurs twice": f'{{"request_id": "{UUID}", "request_id": "{UUID}"}}'.encode(),
    "wrong types": json.dumps(
        {name: [1] for name in ("request_id", "file", "status", "results", "uuid", "problems")}
    ).encode(),
    "another encoding": json.dumps({"request_id": UUID}).encode("utf-16"),
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON.keys())
@pytest.mark.parametrize("call", [call for name, call in CALLS.items() if name != "fetch"])
def test_odd_json_is_a_delay(call: Call, body: bytes) -> None:
    """Every reader of a response takes it for the service's trouble."""
    assert isinstance(asyncio.run(outcome_of(call, answer(200, body))), DelayError)


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON.keys())
def test_the_bounds_hold_for_every_reader(body: bytes) -> None:
    """JSON beyond the bounds is refused before anything reads it."""
    try:
        value = read_json(body)
    except ForeignJsonError:
        return
    assert body in (ODD_JSON["wrong types"], ODD_JSON["null"]), value


@pytest.mark.parametrize("body", [body for name, body in ODD_JSON.items() if name != "wrong types"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_an_odd_refusal_is_nobodys_fault(status: int, body: bytes) -> None:
    """A body that the service never sends ends no photo and halts nothing."""
    assert isinstance(asyncio.run(outcome_of(CALLS["launch"], answer(status, body))), DelayError)


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-22T10:00:00",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        1e18,
        True,
        0,
        "+292278994-08-17",
    ],
)
def test_an_absurd_date_is_the_lists_trouble(date: object) -> None:
    """A date without a zone, beyond the calendar, or that is none, gives a delay of that request."""
    body = json.dumps({"next": None, "results": [FILE | {"datetime_uploaded": date}]})
    assert isinstance(asyncio.run(outcome_of(CALLS["list"], answer(200, body))), UnreachableError)


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        ("7", 7), ("9" * 300, 3600), ("-5", 30), ("1e9", 30), ("٣", 30), ("", 30), ("nan", 30), ("soon", 30),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30), ("Thu, 01 Jan 1900 00:00:00 +2359", 30),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", 30), ("Thu, 01 Jan 2026 00:00:00 +99999999999999", 30),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 3600), ("Thu, 01 Jan 2004 00:00:00 GMT", 0),
    ],
)  # fmt: skip  # one list
def test_a_pause_is_bounded(header: str, expected_s: float) -> None:
    """Whatever Retry-After holds, the pause that is kept and said lasts an hour at most."""
    error = asyncio.run(outcome_of(CALLS["poll"], answer(429, "{}", retry_after=header)))
    assert isinstance(error, ThrottledError)
    assert error.retry_after_s == pytest.approx(expected_s, abs=5)
    assert f"{error.retry_after_s:.0f} s of patience" in error.sentence


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "x" * 9_000])
def test_an_absurd_date_header_tells_nothing_of_our_clock(date: str) -> None:
    """Keys that are refused are the reason, not a clock that is 8,000 years behind."""
    error = asyncio.run(outcome_of(CALLS["poll"], answer(401, '{"detail": "No."}', date=date)))
    assert isinstance(error, HaltError)
    assert error.reason == "keys_refused"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_answer_is_unpacked_within_its_bound(pack: Callable[[bytes], bytes]) -> None:
    """A bomb of 300 MB is given up after a megabyte; an answer of moderate size is read."""
    name = "gzip" if pack is gzip.compress else "deflate"
    bomb = answer(200, pack(bytes(300_000_000)), content_encoding=name)
    assert isinstance(asyncio.run(outcome_of(CALLS["launch"], bomb)), DelayError)
    small = answer(200, pack(json.dumps({"request_id": UUID}).encode()), content_encoding=name)
    assert asyncio.run(outcome_of(CALLS["launch"], small)) == UUID


def pages_without_end() -> Iterator[bytes]:
    """Pages of other files each, all with a next one."""
    for number in range(400):
        file = FILE | {"uuid": f"{number:08x}-0000-4000-8000-000000000000"}
        yield answer(200, json.dumps({"next": "https://x/?from=1", "results": [file]}))


@pytest.mark.parametrize(
    ("answers", "most_requests"),
    [
        ([answer(200, json.dumps({"next": "https://x/?from=1", "results": [FILE]}))], 2),
        ([answer(200, json.dumps({"next": "https://x/?a\r\nHost: b", "results": []}))], 1),
        (list(pages_without_end()), 10),
    ],
    ids=["the same page", "empty pages", "ever new files"],
)
def test_a_list_without_end_is_given_up(answers: list[bytes], most_requests: int) -> None:
    """Each page is billed, so a circle ends after one round, and any list after ten pages."""
    script = Script(answers)

    async def ask() -> None:
        async with (
            served_by(script) as url,
            open_uploadcare(settings_for(url), connections=1, timeouts=PATIENT) as uploadcare,
        ):
            await uploadcare.files.list_since(SINCE)

    with nullcontext() if most_requests == 10 else pytest.raises(UnreachableError):
        asyncio.run(ask())
    assert len(script.requests) <= most_requests


def test_what_the_service_says_is_printable_and_short() -> None:
    """Control characters and long texts of a refusal reach no terminal, log or note as they came."""
    said = json.dumps({"status": "error", "details": {"code": "a\x1b[2J\n" + "b" * 500, "title": "\u202eevil\x07"}})
    status = asyncio.run(outcome_of(CALLS["poll"], answer(200, said)))
    failure = status.failure  # type: ignore[attr-defined]
    assert isinstance(failure, PhotoError)
    for text in (failure.code, failure.sentence):
        assert text.isprintable()
        assert len(text) < 400


# --- the fuzzer ---

TEXTS = st.one_of(
    st.sampled_from([UUID, "done", "error", "in_progress", "unknown", "2026-11-22T10:00:00Z", "\ud800", "\x1b[2J"]),
    st.text(st.characters(), max_size=40),
)
NAMES = st.one_of(
    st.sampled_from([
        *FILE, "request_id", "file", "status", "result", "file_id", "results", "next", "details", "code", "title",
        "detail", "problems", "name", "pub_key", "appdata", "id", "event", "target_url", "is_active", "error",
    ]),
    TEXTS,
)  # fmt: skip  # one list
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(NAMES, below, max_size=6)),
    max_leaves=20,
)
SHAPES = st.one_of(
    VALUES,
    st.dictionaries(NAMES, VALUES, max_size=12),
    st.fixed_dictionaries({"next": st.one_of(st.none(), TEXTS), "results": st.lists(VALUES, max_size=3)}),
    st.builds(lambda odd: FILE | odd, st.dictionaries(st.sampled_from(list(FILE)), VALUES, max_size=2)),
    st.fixed_dictionaries({"status": TEXTS, "result": VALUES, "details": VALUES}),
)
BODIES = st.one_of(
    SHAPES.map(lambda value: json.dumps(value).encode()),
    SHAPES.map(lambda value: json.dumps(value).encode()).flatmap(
        lambda body: st.integers(0, len(body)).map(lambda end: body[:end])
    ),
    st.binary(max_size=60),
    st.sampled_from(list(ODD_JSON.values())),
)
HEADER_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from([
        "content-type", "content-length", "content-encoding", "transfer-encoding", "retry-after", "date", "location",
        "x-uploadcare-request-id", "set-cookie", "connection",
    ]),
    st.one_of(HEADER_TEXTS, st.sampled_from(["gzip", "deflate", "chunked", "-1", "0", "image/png", UUID, "9" * 400])),
    max_size=4,
)  # fmt: skip  # one list
STATUSES = st.one_of(
    st.sampled_from([200, 200, 200, 201, 204, 206, 301, 302, 400, 403, 404, 409, 413, 429, 500]), st.integers(100, 999)
).filter(
    lambda status: status != 429  # a pause would answer for the next requests
)


def raw(status: int, body: bytes, headers: dict[str, str]) -> bytes:
    lines = {"content-length": str(len(body)), "connection": "close"} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} x\r\n{head}\r\n".encode("latin-1") + body


def test_any_answer_is_a_result_or_an_error_of_ours() -> None:
    """A fuzzer of answers: statuses, headers and bodies of every kind, to every kind of request."""
    script = Script([b""])
    examples = 20_000 if IS_NIGHTLY else 700
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        url = runner.run(stack.enter_async_context(served_by(script)))
        account = settings_for(url)
        uploadcare = runner.run(stack.enter_async_context(open_uploadcare(account, connections=1, timeouts=PATIENT)))

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(st.sampled_from(list(CALLS.values())), STATUSES, BODIES, HEADERS)
        def fuzz(call: Call, status: int, body: bytes, headers: dict[str, str]) -> None:
            script.answers = [raw(status, body, headers)]
            try:
                runner.run(asyncio.wait_for(call(uploadcare), 20))
            except CutoutdError as error:
                assert error.sentence.isprintable()  # noqa: PT017  an error is one result of two
                assert len(error.sentence) < 2_000  # noqa: PT017

        try:
            fuzz()
        finally:
            runner.run(stack.aclose())


ONE_PAGE = answer(200, json.dumps({"next": None, "results": [FILE]}))
CUT_SHORT = answer(200, json.dumps({"next": None, "results": [FILE]}))[:-20]


@pytest.mark.parametrize(
    ("answers", "repeats", "requests", "error"),
    [
        ([None, answer(503, "<html>"), ONE_PAGE], 2, 3, None),
        ([CUT_SHORT, ONE_PAGE], 2, 2, None),
        ([None, None, None, ONE_PAGE], 2, 3, UnreachableError),
        ([None, ONE_PAGE], 0, 1, UnreachableError),
        ([answer(429, "slow down"), ONE_PAGE], 2, 1, ThrottledError),
    ],
    ids=["lost twice", "cut short", "lost thrice", "not to be repeated", "a wish for patience"],
)
def test_a_question_is_repeated_as_often_as_it_may_be(
    answers: list[bytes | None], repeats: int, requests: int, error: type[Exception] | None
) -> None:
    """A lost page of a list is asked for again by itself; an answer that asks for patience never is."""
    script = Script(answers)

    async def ask() -> None:
        async with (
            served_by(script) as url,
            open_uploadcare(settings_for(url), connections=1, timeouts=PATIENT) as uploadcare,
        ):
            await uploadcare.files.list_since(SINCE, repeats=repeats)

    with pytest.raises(error) if error else nullcontext():
        asyncio.run(ask())
    assert len(script.requests) == requests
