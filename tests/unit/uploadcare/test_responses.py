import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutoutd.core.errors import UnreachableError
from cutoutd.uploadcare.responses import Progress, RemoteFile, Response, http_date_s, parse, parse_removal_status

UUID = "21975c81-7f57-4c7a-aef9-acfe28779f78"

#: As recorded from the service (docs/uploadcare.md 5).
DELETED = {
    "datetime_removed": "2023-11-16T22:43:33.133404Z",
    "datetime_stored": None,
    "datetime_uploaded": "2023-11-16T22:40:33.133404Z",
    "is_image": True,
    "is_ready": True,
    "mime_type": "image/png",
    "original_file_url": None,
    "original_filename": "photo.png",
    "size": 642,
    "url": f"https://api.uploadcare.com/files/{UUID}/",
    "uuid": UUID,
    "variations": None,
    "content_info": None,
    "metadata": {},
}


def answered(body: object) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response("api.test", 200, httpx2.Headers({"content-type": "application/json"}), content, 0.0)


def test_a_deleted_file_is_still_described() -> None:
    """The service answers 200 for a deleted file; that it is gone stands in a date."""
    file = parse(RemoteFile, answered(DELETED))
    assert file.is_removed
    assert file.size_bytes == 642


def test_appdata_is_kept() -> None:
    """What add-ons noted on the source is handed on as it is."""
    noted = {"remove_bg": {"data": {"foreground_type": "person"}, "version": "1.0"}}
    assert parse(RemoteFile, answered(DELETED | {"appdata": noted})).appdata == noted


@pytest.mark.parametrize(
    "body",
    [
        {"status": "done"},
        {"status": "done", "result": {}},
        {"status": "done", "result": {"file_id": "not-a-uuid"}},
        {"status": "done", "result": {"file_id": f"{UUID}\n"}},
        {"status": "delighted"},
        {},
    ],
)
def test_half_a_status_is_none(body: object) -> None:
    """A status that cannot be acted upon is asked for again, not guessed."""
    with pytest.raises(UnreachableError):
        parse_removal_status(answered(body))


@pytest.mark.parametrize("details", [None, "text", [], {"code": 5}, {"title": ["x"]}])
def test_odd_details_do_not_hide_the_failure(details: object) -> None:
    """``details`` is not in the published description, so whatever stands there, the removal has failed."""
    removal = parse_removal_status(answered({"status": "error", "details": details}))
    assert removal.progress is Progress.ERROR
    assert removal.failure is not None
    assert removal.failure.code == "removal_failed"


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(body: bytes) -> None:
    """Reading an answer raises nothing but UnreachableError."""
    for read in (parse_removal_status, lambda answer: parse(RemoteFile, answer)):
        with pytest.raises(UnreachableError):
            read(answered(body))


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """A header that is no date is none, whatever it is."""
    assert http_date_s(text) is None or isinstance(http_date_s(text), float)


def test_dates_are_read_in_both_spellings() -> None:
    """With the zone as GMT or as -0000."""
    assert http_date_s("Thu, 09 Nov 2023 21:05:49 GMT") == http_date_s("Thu, 09 Nov 2023 21:05:49 -0000") == 1699563949
