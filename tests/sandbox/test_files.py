import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from support.processes.sandbox_process import REST_TYPE, SandboxProcess, Upload

FILE_KEYS = {
    "datetime_removed", "datetime_stored", "datetime_uploaded", "is_image", "is_ready", "mime_type",
    "original_file_url", "original_filename", "size", "url", "uuid", "variations", "content_info", "metadata",
}  # fmt: skip # one list
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
NOBODY = "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46"


def test_file_object_has_the_recorded_keys(upload: Upload, rest: httpx2.Client, photo: bytes) -> None:
    """Keys, dates, picture facts and links are those of the service's own answers; appdata only when asked for."""
    uuid = upload(name="cup.jpg", store="1")
    answer = rest.get(f"/files/{uuid}/")
    info = answer.json()
    assert answer.headers["content-type"] == REST_TYPE
    assert set(info) == FILE_KEYS
    assert DATE.fullmatch(info["datetime_uploaded"])
    assert DATE.fullmatch(info["datetime_stored"])
    assert info["content_info"]["mime"] == {"mime": "image/jpeg", "type": "image", "subtype": "jpeg"}
    picture = info["content_info"]["image"]
    assert (picture["width"], picture["height"], picture["format"], picture["color_mode"]) == (240, 160, "JPEG", "RGB")
    assert (info["size"], info["is_image"], info["is_ready"]) == (len(photo), True, True)
    assert info["url"] == f"{rest.base_url}files/{uuid}/"
    assert info["original_file_url"] == f"{rest.base_url}{uuid}/cup.jpg"
    assert "appdata" in rest.get(f"/files/{uuid}/", params={"include": "appdata"}).json()


@pytest.mark.parametrize("name", [NOBODY, "not-a-uuid", "575ed4e8"])
def test_unknown_and_malformed_names_are_not_found(rest: httpx2.Client, name: str) -> None:
    """Both are 404 with the same words."""
    answer = rest.get(f"/files/{name}/")
    assert (answer.status_code, answer.headers["content-type"]) == (404, REST_TYPE)
    assert answer.json() == {"detail": "Not found."}


def test_deleted_file_keeps_its_information(upload: Upload, rest: httpx2.Client, plain: httpx2.Client) -> None:
    """After deletion the bytes are gone; the information answers 200 with a removal date and no link."""
    uuid = upload(store="1")
    deleted = rest.delete(f"/files/{uuid}/storage/")
    info = rest.get(f"/files/{uuid}/")
    assert (deleted.status_code, info.status_code) == (200, 200)
    assert DATE.fullmatch(info.json()["datetime_removed"])
    assert info.json()["datetime_stored"] is None
    assert info.json()["original_file_url"] is None
    assert plain.get(f"/{uuid}/").status_code == 404


def test_storing_makes_a_file_stay(upload: Upload, rest: httpx2.Client) -> None:
    """PUT storage answers the file with its storing date; a deleted file cannot be stored."""
    uuid = upload(store="0")
    assert DATE.fullmatch(rest.put(f"/files/{uuid}/storage/").json()["datetime_stored"])
    rest.delete(f"/files/{uuid}/storage/")
    assert rest.put(f"/files/{uuid}/storage/").status_code == 404


def test_batch_tells_problems_by_name(upload: Upload, rest: httpx2.Client) -> None:
    """A batch deletes what it can and says of the rest what is wrong with each."""
    gone, here = upload(), upload()
    rest.delete(f"/files/{gone}/storage/")
    answer = rest.request("DELETE", "/files/storage/", json=[here, gone, NOBODY, "4j334o01-8bs3"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, REST_TYPE)
    body = answer.json()
    assert body["status"] == "ok"
    assert body["problems"] == {
        gone: "Missing in the project", NOBODY: "Missing in the project", "4j334o01-8bs3": "Invalid",
    }  # fmt: skip # one answer
    assert [file["uuid"] for file in body["result"]] == [here]
    assert body["result"][0]["datetime_removed"] is not None


def test_batch_stores(upload: Upload, rest: httpx2.Client) -> None:
    """PUT storage with a list stores every file of it."""
    uuids = [upload(), upload()]
    result = rest.put("/files/storage/", json=uuids).json()["result"]
    assert [file["uuid"] for file in result] == uuids
    assert all(file["datetime_stored"] for file in result)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"a": 1}, "Expected list of UUIDs"),
        ([1], "Expected list of UUIDs"),
        ([], "List of UUIDs can not be empty"),
        ([NOBODY] * 101, "Maximum UUIDs per request is exceeded. The limit is 100"),
    ],
)
def test_batch_refusals(rest: httpx2.Client, body: object, detail: str) -> None:
    """A list that is none, empty or too long is refused in the published words."""
    answer = rest.request("DELETE", "/files/storage/", json=body)
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})


def test_paging_walks_every_file_once(upload: Upload, rest: httpx2.Client) -> None:
    """Following next shows each file exactly once in either order, and previous leads back."""
    mine = [upload(store="1") for _ in range(5)]
    for ordering, expected in (("datetime_uploaded", mine), ("-datetime_uploaded", mine[::-1])):
        link: str | None = f"{rest.base_url}files/?limit=2&ordering={ordering}&stored=true"
        walked: list[str] = []
        pages: list[dict[str, Any]] = []
        while link and len(pages) < 50:  # a link that leads nowhere new must not hang the suite
            pages.append(rest.get(link).json())
            walked += [file["uuid"] for file in pages[-1]["results"]]
            link = pages[-1]["next"]
        assert [uuid for uuid in walked if uuid in mine] == expected
        assert len(walked) == len(set(walked)) == pages[0]["total"]
        assert (pages[0]["per_page"], pages[0]["previous"]) == (2, None)
        assert rest.get(pages[1]["previous"]).json()["results"] == pages[0]["results"]


def test_next_link_has_the_recorded_form(upload: Upload, rest: httpx2.Client) -> None:
    """The next link names limit, the last date with +00:00 and offset 0, and works without offset."""
    for _ in range(3):
        upload()
    page = rest.get("/files/", params={"limit": 2}).json()
    query = parse_qs(urlsplit(page["next"]).query)
    last = page["results"][-1]["datetime_uploaded"]
    assert query == {"limit": ["2"], "from": [last.removesuffix("Z") + "+00:00"], "offset": ["0"]}
    assert page["next"].index("limit=") < page["next"].index("from=") < page["next"].index("offset=")
    shortened = rest.get("/files/", params={"limit": 2, "from": query["from"][0]}).json()
    assert shortened["results"] == rest.get(page["next"]).json()["results"]


def test_list_tells_kinds_apart(upload: Upload, rest: httpx2.Client) -> None:
    """The filters stored and removed choose what is listed and what total counts; totals counts all three."""
    stored, temporary, removed = upload(store="1"), upload(store="0"), upload()
    rest.delete(f"/files/{removed}/storage/")

    def listed(**query: str) -> set[str]:
        answer = rest.get("/files/", params={"limit": "1000", **query}).json()
        assert answer["total"] == len(answer["results"])
        return {file["uuid"] for file in answer["results"]}

    mine = {stored, temporary, removed}
    assert listed() & mine == {stored, temporary}
    assert listed(stored="true") & mine == {stored}
    assert listed(stored="false") & mine == {temporary}
    assert listed(removed="true") & mine == {removed}
    totals = rest.get("/files/", params={"limit": 1}).json()["totals"]
    assert totals == {
        "removed": len(listed(removed="true")),
        "stored": len(listed(stored="true")),
        "unstored": len(listed(stored="false")),
    }


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "1001"}, {"ordering": "size"}, {"from": "soon"}, {"stored": "maybe"}]
)
def test_wrong_list_queries_are_refused(rest: httpx2.Client, query: dict[str, str]) -> None:
    """A query outside the published ranges is a 400."""
    assert rest.get("/files/", params=query).status_code == 400


def test_paths_end_in_a_slash(rest: httpx2.Client, sandbox: SandboxProcess) -> None:
    """The same path without its slash is not found, and not redirected."""
    assert rest.get("/project").status_code == 404
    assert rest.post("/project/").status_code == 405
