"""Groups of files, by the Upload API and by REST."""

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, Upload

KEY = {"pub_key": PUBLIC_KEY}


def create(client: httpx2.Client, *files: str) -> httpx2.Response:
    return client.post("/group/", data={**KEY, **{f"files[{n}]": file for n, file in enumerate(files)}})


def test_group_shows_its_files(plain: httpx2.Client, rest: httpx2.Client, upload: Upload) -> None:
    """A group keeps order and operations; the Upload API, REST and the CDN show the same files."""
    first, second = upload(name="a.jpg"), upload(name="b.jpg")
    group = create(plain, f"{first}/-/resize/x800/", f"http://cdn.example/{second}/b.jpg").json()
    assert group["id"].endswith("~2")
    assert [file["uuid"] for file in group["files"]] == [first, second]
    assert [file["default_effects"] for file in group["files"]] == ["resize/x800/", ""]
    assert plain.get("/group/info/", params={**KEY, "group_id": group["id"]}).json() == group
    shown = rest.get(f"/groups/{group['id']}/").json()
    assert [file["original_filename"] for file in shown["files"]] == ["a.jpg", "b.jpg"]
    assert plain.get(f"/{group['id']}/nth/1/").content == plain.get(f"/{second}/").content
    assert plain.get(f"/{group['id']}/nth/2/").status_code == 404


def test_removed_file_is_null(plain: httpx2.Client, rest: httpx2.Client, upload: Upload) -> None:
    """A file that was deleted later stays in the group as null; deleting the group keeps the others."""
    first, second = upload(), upload()
    group = create(plain, first, second).json()["id"]
    rest.delete(f"/files/{first}/storage/")
    shown = rest.get(f"/groups/{group}/").json()
    assert [file and file["uuid"] for file in shown["files"]] == [None, second]
    assert rest.delete(f"/groups/{group}/").status_code == 204
    assert rest.get(f"/groups/{group}/").status_code == 404
    assert rest.get(f"/files/{second}/").json()["datetime_removed"] is None


def test_list_pages(plain: httpx2.Client, rest: httpx2.Client, upload: Upload) -> None:
    """The list goes in pages by date, in both orders."""
    file = upload()
    before = rest.get("/groups/").json()["total"]
    groups = [create(plain, file).json()["id"] for _ in range(3)]
    page = rest.get("/groups/", params={"limit": 2, "ordering": "-datetime_created"}).json()
    assert [group["id"] for group in page["results"]] == groups[:0:-1]
    assert page["total"] == before + 3
    rest_of_path = page["next"].split("/groups/")[1]
    assert rest.get(f"/groups/{rest_of_path}").json()["results"][0]["id"] == groups[0]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "No files[N] parameters found."),
        (["wrong-uuid"], "This is not valid file url: wrong-uuid."),
        (["575ed4e8-f4e8-4c14-a58b-1527b6d9ee46"], "Some files not found."),
    ],
)
def test_refusals(plain: httpx2.Client, files: list[str], sentence: str) -> None:
    """A wrong list of files has the service's own sentence."""
    answer = create(plain, *files)
    assert (answer.status_code, answer.text) == (400, sentence)


def test_info_refusals(plain: httpx2.Client) -> None:
    """Without an id 400, with an unknown one 404."""
    assert plain.get("/group/info/", params=KEY).text == "group_id is required."
    unknown = plain.get("/group/info/", params={**KEY, "group_id": "x~1"})
    assert (unknown.status_code, unknown.text) == (404, "group_id is invalid.")
