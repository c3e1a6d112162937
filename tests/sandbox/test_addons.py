import io
from uuid import uuid4

import httpx2
import pytest
from PIL import Image

from support.processes.sandbox_process import REST_TYPE, Cut, Finish, Launch, SandboxProcess, Signature, Upload

EXECUTE = "/addons/remove_bg/execute/"
STATUS = "/addons/remove_bg/execute/status/"
DAY_S = 24 * 3600
ENDLESS = {"kind": "endless"}


def test_a_removal_makes_a_transparent_png(
    upload: Upload, launch: Launch, finish: Finish, plain: httpx2.Client, rest: httpx2.Client
) -> None:
    """The result is a new file: a PNG of the source's size whose corner is clear and whose middle is not."""
    source = upload(name="cup.jpg")
    status = finish(launch(source))
    assert set(status) == {"status", "result"}
    result = status["result"]["file_id"]
    picture = Image.open(io.BytesIO(plain.get(f"/{result}/").content))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (240, 160))
    assert (picture.getpixel((2, 2))[3], picture.getpixel((120, 80))[3]) == (0, 255)  # type: ignore[index] # RGBA
    info = rest.get(f"/files/{result}/").json()
    assert (info["mime_type"], info["original_filename"], result != source) == ("image/png", "cup.png", True)


def test_execute_answers_json_and_the_id_twice(upload: Upload, rest: httpx2.Client) -> None:
    """The 200 is plain application/json, with the same id in X-Uploadcare-Request-Id."""
    answer = rest.post(EXECUTE, json={"target": upload()})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"request_id": answer.headers["x-uploadcare-request-id"]}


def test_execute_is_not_idempotent(upload: Upload, launch: Launch, finish: Finish, sandbox: SandboxProcess) -> None:
    """The same call again is another removal with another result, and paid for again."""
    source = upload()
    before = sandbox.counters()["operations"]
    first, second = (finish(launch(source))["result"]["file_id"] for _ in range(2))
    assert first != second
    counters = sandbox.counters()
    assert counters["executes_by_target"] == {source: 2}
    polls = counters["requests"]["status"]
    assert counters["operations"] - before == 2 * (1 + 10) + polls


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({"target": "nonsense"}, 400, {"target": ["Must be a valid UUID."]}),
        ({"target": 7}, 400, {"target": ["Must be a valid UUID."]}),
        ({}, 400, {"target": ["This field is required."]}),
        ([], 400, {"detail": "Expected JSON object."}),
        ({"target": "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46"}, 404, {"detail": "Not found."}),
    ],
)
def test_execute_refusals(rest: httpx2.Client, body: object, status: int, answer: object) -> None:
    """Wrong targets are refused in the recorded words and the vendor's media type."""
    refused = rest.post(EXECUTE, json=body)
    assert (refused.status_code, refused.headers["content-type"], refused.json()) == (status, REST_TYPE, answer)


def test_unknown_addon_is_not_found(upload: Upload, rest: httpx2.Client) -> None:
    """Only remove_bg is here."""
    assert rest.post("/addons/make_coffee/execute/", json={"target": upload()}).json() == {"detail": "Not found."}


def test_deleted_source_is_not_found(upload: Upload, rest: httpx2.Client) -> None:
    """A file that was deleted cannot be a target."""
    source = upload()
    rest.delete(f"/files/{source}/storage/")
    assert rest.post(EXECUTE, json={"target": source}).status_code == 404


def test_unknown_parameters_are_dropped(upload: Upload, launch: Launch, finish: Finish) -> None:
    """A misspelt parameter changes nothing and is not complained about: the service does the same."""
    assert finish(launch(upload(), crob=True, croping="yes"))["status"] == "done"


def test_known_parameters_are_honoured(cut: Cut) -> None:
    """With crop the empty regions are cut off."""
    width, height = Image.open(io.BytesIO(cut(crop=True))).size
    assert 121 <= width < 200  # the ellipse is 121 by 81, its edge is soft
    assert 81 <= height < 140


def test_bad_parameter_values_are_refused(upload: Upload, rest: httpx2.Client, sandbox: SandboxProcess) -> None:
    """A value the add-on does not know is a 400 and starts nothing."""
    answer = rest.post(EXECUTE, json={"target": upload(), "params": {"scale": "5%"}})
    assert (answer.status_code, answer.headers["content-type"]) == (400, REST_TYPE)
    assert "scale" in answer.json()["params"][0]
    assert sandbox.counters()["executes_by_target"] == {}


def test_status_of_ids(rest: httpx2.Client) -> None:
    """A malformed id is a 400, a well-formed unknown one reads unknown."""
    malformed = rest.get(STATUS, params={"request_id": "x"})
    assert (malformed.status_code, malformed.json()) == (400, {"request_id": ["Must be a valid UUID."]})
    assert malformed.headers["content-type"] == REST_TYPE
    unknown = rest.get(STATUS, params={"request_id": str(uuid4())})
    assert (unknown.status_code, unknown.json()) == (200, {"status": "unknown"})
    assert unknown.headers["content-type"] == "application/json"


def test_status_is_kept_for_a_day(upload: Upload, launch: Launch, finish: Finish, sandbox: SandboxProcess) -> None:
    """After 24 hours a finished removal reads unknown."""
    request_id = launch(upload())
    assert finish(request_id)["status"] == "done"
    sandbox.move_clock(DAY_S + 60)
    with sandbox.client(Signature(ahead_s=DAY_S + 60)) as later:
        assert later.get(STATUS, params={"request_id": request_id}).json() == {"status": "unknown"}


def test_concurrent_call_is_refused_until_the_run_ends_or_a_day_passed(
    upload: Upload, launch: Launch, rest: httpx2.Client, sandbox: SandboxProcess
) -> None:
    """A second execute on a file still being worked on is a 409; a run that died locks it for a day."""
    source = upload(store="1")
    sandbox.add_faults({**ENDLESS, "times": 1})
    launch(source)
    answer = rest.post(EXECUTE, json={"target": source})
    assert (answer.status_code, answer.json()) == (409, {"detail": "Concurrent call attempted"})
    assert sandbox.counters()["active_removals"] >= 1
    sandbox.move_clock(DAY_S + 60)
    with sandbox.client(Signature(ahead_s=DAY_S + 60)) as later:
        assert later.post(EXECUTE, json={"target": source}).status_code == 200


def test_appdata_stands_on_the_source(upload: Upload, launch: Launch, finish: Finish, rest: httpx2.Client) -> None:
    """remove_bg's appdata is on the source, only when included, with foreground_type only for a type level."""
    source = upload()
    result = finish(launch(source))["result"]["file_id"]
    included = {"include": "appdata"}
    assert "appdata" not in rest.get(f"/files/{source}/").json()
    assert rest.get(f"/files/{result}/", params=included).json()["appdata"] is None
    first = rest.get(f"/files/{source}/", params=included).json()["appdata"]["remove_bg"]
    assert set(first) == {"data", "version", "datetime_created", "datetime_updated"}
    assert (first["data"], first["version"]) == ({}, "1.0")
    finish(launch(source, type_level="1", type="product"))
    second = rest.get(f"/files/{source}/", params=included).json()["appdata"]["remove_bg"]
    assert second["data"] == {"foreground_type": "product"}
    assert second["datetime_created"] == first["datetime_created"] < second["datetime_updated"]
    listed = rest.get("/files/", params={"include": "appdata", "ordering": "-datetime_uploaded"}).json()["results"]
    assert next(file for file in listed if file["uuid"] == source)["appdata"]["remove_bg"] == second


def test_sources_over_12_megabytes_fail(upload: Upload, launch: Launch, finish: Finish, photo: bytes) -> None:
    """A source over 12,000,000 bytes ends in error with details; one byte less does not."""
    fits = photo + bytes(12_000_000 - len(photo))
    assert finish(launch(upload(fits)))["status"] == "done"
    status = finish(launch(upload(fits + b"x")))
    assert (status["status"], status["details"]["code"]) == ("error", "file_too_large")


def test_sources_that_are_no_jpg_or_png_fail(upload: Upload, launch: Launch, finish: Finish) -> None:
    """The content decides, not the name."""
    gif = io.BytesIO()
    Image.new("P", (10, 10)).save(gif, "GIF")
    for content in (gif.getvalue(), b"%PDF-1.7"):
        status = finish(launch(upload(content, name="cup.jpg")))
        assert (status["status"], status["details"]["code"]) == ("error", "unsupported_file_type")


def test_nothing_to_cut_out(upload: Upload, launch: Launch, finish: Finish) -> None:
    """A picture of one colour ends in unknown_foreground."""
    blank = io.BytesIO()
    Image.new("RGB", (100, 80), "white").save(blank, "JPEG")
    status = finish(launch(upload(blank.getvalue())))
    assert (status["status"], status["details"]["code"]) == ("error", "unknown_foreground")


def test_border_results_are_kept_by_content(cut: Cut, rest: httpx2.Client) -> None:
    """The same content gives the same bytes again as a file of its own, also after the first was deleted."""
    content = cut()
    newest = rest.get("/files/", params={"ordering": "-datetime_uploaded", "limit": 1}).json()["results"][0]
    assert newest["mime_type"] == "image/png"
    rest.delete(f"/files/{newest['uuid']}/storage/")
    assert cut() == content
