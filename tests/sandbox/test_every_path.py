"""Every path and method of Uploadcare's REST API v0.7 and Upload API: served, or refused with its reason."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, SandboxProcess, Upload

SOMETHING = "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46"
KEY = {"pub_key": PUBLIC_KEY}
UPLOAD_KEY = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}
PHOTO = {"file": ("cup.jpg", b"anything")}
PARTS = {**UPLOAD_KEY, "filename": "a", "content_type": "image/png", "size": "11000000"}
ADDONS = ("aws_rekognition_detect_labels", "aws_rekognition_detect_moderation_labels", "uc_clamav_virus_scan")
UNAVAILABLE = "is not available in the sandbox."
NO_DOCUMENTS = "Document conversion feature is not available for this project."
NO_VIDEOS = "Video conversion feature is not available for this project."


@dataclass(frozen=True, slots=True)
class Call:
    """A request, with ``{file}`` and ``{group}`` where a UUID belongs, and its status; a sentence if it is refused."""

    verb: str
    path: str
    status: int
    sentence: str = ""
    sent: dict[str, Any] = field(default_factory=dict)


REST = [
    Call("GET", "/project/", 200),
    Call("GET", "/files/", 200),
    Call("GET", "/files/{file}/", 200),
    Call("PUT", "/files/storage/", 200, sent={"json": ["{file}"]}),
    Call("PUT", "/files/{file}/storage/", 200),
    Call("POST", "/files/local_copy/", 201, sent={"json": {"source": "{file}"}}),
    Call(
        "POST",
        "/files/remote_copy/",
        400,
        "Project has no storage with provided name.",
        {"json": {"source": "{file}", "target": "bucket"}},
    ),
    Call("POST", "/files/search/", 400, "does not search files", {"json": {"query": "cup"}}),
    Call("PUT", "/files/{file}/metadata/pet/", 201, sent={"json": "cat"}),
    Call("GET", "/files/{file}/metadata/", 200),
    Call("GET", "/files/{file}/metadata/pet/", 200),
    Call("DELETE", "/files/{file}/metadata/pet/", 204),
    Call("PUT", "/files/{file}/tags/", 200, sent={"json": {"tags": ["a"]}}),
    Call("PATCH", "/files/{file}/tags/", 200, sent={"json": {"add": ["b"]}}),
    Call("GET", "/files/{file}/tags/", 200),
    Call("GET", "/groups/", 200),
    Call("GET", "/groups/{group}/", 200),
    Call("GET", "/webhooks/", 200),
    Call("POST", "/webhooks/", 201, sent={"json": {"target_url": "http://127.0.0.1:9/", "event": "file.uploaded"}}),
    Call("PUT", "/webhooks/1/", 200, sent={"json": {"is_active": False}}),
    Call("DELETE", "/webhooks/unsubscribe/", 400, "`target_url` is missing."),
    Call("DELETE", "/webhooks/unsubscribe/", 204, sent={"json": {"target_url": "http://127.0.0.1:9/"}}),
    Call("POST", "/addons/remove_bg/execute/", 200, sent={"json": {"target": "{file}"}}),
    Call("GET", f"/addons/remove_bg/execute/status/?request_id={SOMETHING}", 200),
    *(Call("POST", f"/addons/{addon}/execute/", 403, UNAVAILABLE, {"json": {"target": "{file}"}}) for addon in ADDONS),
    *(Call("GET", f"/addons/{addon}/execute/status/?request_id={SOMETHING}", 403, UNAVAILABLE) for addon in ADDONS),
    Call("GET", "/convert/document/{file}/", 400, NO_DOCUMENTS),
    Call("POST", "/convert/document/", 400, NO_DOCUMENTS, {"json": {"paths": ["{file}/document/-/format/pdf/"]}}),
    Call("GET", "/convert/document/status/426339926/", 400, NO_DOCUMENTS),
    Call("POST", "/convert/video/", 400, NO_VIDEOS, {"json": {"paths": ["{file}/video/-/format/ogg/"]}}),
    Call("GET", "/convert/video/status/426339926/", 400, NO_VIDEOS),
    Call("DELETE", "/groups/{group}/", 204),
    Call("DELETE", "/files/{file}/storage/", 200),
    Call("DELETE", "/files/storage/", 200, sent={"json": ["{file}"]}),
]
UNSIGNED = [
    Call("POST", "/base/", 200, sent={"data": UPLOAD_KEY, "files": PHOTO}),
    Call("GET", f"/info/?pub_key={PUBLIC_KEY}&file_id={{file}}", 200),
    Call("POST", "/multipart/start/", 200, sent={"data": PARTS}),
    Call("POST", "/multipart/complete/", 400, "File is already uploaded.", {"data": {**UPLOAD_KEY, "uuid": "{file}"}}),
    Call("POST", "/from_url/", 200, sent={"data": {**KEY, "source_url": "{base}{file}/"}}),
    Call("GET", f"/from_url/status/?token={SOMETHING}", 200),
    Call("POST", "/group/", 200, sent={"data": {**KEY, "files[0]": "{file}"}}),
    Call("GET", f"/group/info/?pub_key={PUBLIC_KEY}&group_id={{group}}", 200),
    Call("GET", "/{file}/", 200),
    Call("GET", "/{file}/cup.jpg", 200),
    Call("GET", "/{file}/-/json/", 400, "does not transform pictures"),
    Call("GET", "/{file}/-/resize/200x/cup.jpg", 400, "does not transform pictures"),
    Call("GET", "/{group}/", 400, "shows no galleries"),
    Call("GET", "/{group}/nth/0/", 200),
]


@pytest.fixture
def fill(sandbox: SandboxProcess, upload: Upload, plain: httpx2.Client) -> Callable[[Any], Any]:
    """Puts the UUIDs of a present file and group into a request."""
    file = upload()
    group = plain.post("/group/", data={**KEY, "files[0]": file}).json()["id"]

    def filled(value: Any) -> Any:  # noqa: ANN401 - any part of a request
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [filled(part) for part in value]
        if isinstance(value, str):
            return value.replace("{file}", file).replace("{group}", group).replace("{base}", sandbox.url)
        return value

    return filled


def carry_out(client: httpx2.Client, calls: list[Call], fill: Callable[[Any], Any]) -> list[str]:
    """Send every request in turn, and return those that were answered otherwise than the table says."""
    wrong = []
    for call in calls:
        answer = client.request(call.verb, fill(call.path), **fill(call.sent))
        is_named = UUID(answer.headers["X-Uploadcare-Request-Id"]).version == 4
        if answer.status_code != call.status or call.sentence not in answer.text or not is_named:
            wrong.append(f"{call.verb} {call.path}: {answer.status_code} {answer.text}")
    return wrong


def test_rest_api(rest: httpx2.Client, fill: Callable[[Any], Any]) -> None:
    """Every method of the REST API is served, or refused in the service's form with the reason; each has an id."""
    assert carry_out(rest, REST, fill) == []


def test_upload_api_and_cdn(plain: httpx2.Client, fill: Callable[[Any], Any]) -> None:
    """Every method of the Upload API and the CDN is served, or refused with the reason; each has an id."""
    assert carry_out(plain, UNSIGNED, fill) == []


def test_refusals_have_an_id(plain: httpx2.Client) -> None:
    """Also a refused request, an unknown path and a wrong method are answered with X-Uploadcare-Request-Id."""
    answers = [plain.get("/project/"), plain.get("/no/such/path/"), plain.put("/base/")]
    assert [answer.status_code for answer in answers] == [406, 404, 405]
    assert len({UUID(answer.headers["X-Uploadcare-Request-Id"]) for answer in answers}) == 3
