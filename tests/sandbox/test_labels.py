"""Metadata, tags and copies of a file."""

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, Upload

PHOTO = {"file": ("cup.jpg", b"anything")}


def post(client: httpx2.Client, form: dict[str, str | list[str]]) -> httpx2.Response:
    return client.post("/base/", data={"UPLOADCARE_PUB_KEY": PUBLIC_KEY, **form}, files=PHOTO)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"metadata[]": "x"}, "File's metadata key can not be empty."),
        ({"metadata[a b]": "x"}, "File's metadata key `a b` contains symbols not allowed by the metadata key format."),
        ({"metadata[ä]": "x"}, "File's metadata key `ä` contains symbols not allowed by the metadata key format."),
        ({f"metadata[{'k' * 65}]": "x"}, f"Length of file metadata key `{'k' * 65}` can not be more than 64 symbols."),
        ({"metadata[k]": ""}, "Value of the file metadata key `k` can not be empty."),
        ({"metadata[k]": "v" * 513}, "Value of file metadata's key `k` can not be more than 512 symbols in length."),
        ({"metadata[k]": ["a", "b"]}, "File's metadata key `k` has a duplicate."),
        ({f"metadata[k{n}]": "x" for n in range(51)}, "A file can not have more than 50 metadata keys."),
        ({"metadata[k]": "a\0b"}, "Null characters are not allowed."),
        ({"tags": "no blanks"}, 'Tag "no blanks" is not valid.'),
        ({"tags": ",".join(f"t{n}" for n in range(51))}, "A file can not have more than 50 tags."),
    ],
)
def test_upload_refuses_wrong_labels(plain: httpx2.Client, form: dict[str, str | list[str]], sentence: str) -> None:
    """Each rule of metadata and tags is a 400 with its sentence, and nothing is uploaded."""
    answer = post(plain, form)
    assert (answer.status_code, answer.text) == (400, sentence)


def test_fifty_keys_at_their_longest(plain: httpx2.Client, rest: httpx2.Client) -> None:
    """The largest metadata that the rules allow is kept."""
    metadata = {f"{n:02}-_.:" + "K" * 58: "ü" * 512 for n in range(50)}
    answer = post(plain, {f"metadata[{key}]": value for key, value in metadata.items()})
    assert rest.get(f"/files/{answer.json()['file']}/metadata/").json() == metadata


def test_metadata_by_key(rest: httpx2.Client, upload: Upload) -> None:
    """A key is made with 201, changed with 200, shown, and deleted; the file's information follows."""
    file = upload()
    path = f"/files/{file}/metadata/pet/"
    assert [rest.put(path, json=value).status_code for value in ("cat", "dog")] == [201, 200]
    assert (rest.get(path).json(), rest.get(f"/files/{file}/").json()["metadata"]) == ("dog", {"pet": "dog"})
    assert [rest.delete(path).status_code for _ in range(2)] == [204, 404]
    assert rest.get(path).status_code == 404
    refused = [
        rest.put(path, json=7),
        rest.put(path, json="x" * 513),
        rest.put(f"/files/{file}/metadata/a b/", json="x"),
    ]
    assert [answer.status_code for answer in refused] == [400, 400, 400]
    assert "512 symbols" in refused[1].json()["detail"]


def test_rest_keeps_to_fifty_keys(plain: httpx2.Client, rest: httpx2.Client) -> None:
    """The fifty-first key is refused, and a change of one of the fifty is not."""
    file = post(plain, {f"metadata[k{n}]": "x" for n in range(50)}).json()["file"]
    assert rest.put(f"/files/{file}/metadata/one-more/", json="x").status_code == 400
    assert rest.put(f"/files/{file}/metadata/k0/", json="y").status_code == 200


def test_tags(rest: httpx2.Client, upload: Upload) -> None:
    """Tags are set, added and deleted in the service's normal form."""
    file = upload()
    path = f"/files/{file}/tags/"
    assert rest.put(path, json={"tags": ["Red", " red ", "big"]}).json() == {
        "tags": ["red", "big"],
        "added": ["red", "big"],
        "deleted": [],
    }
    changed = rest.patch(path, json={"add": ["new"], "delete": ["red", "absent"]}).json()
    assert (changed["tags"], changed["added"], changed["deleted"]) == (["big", "new"], ["new"], ["red"])
    assert rest.get(path).json() == {"tags": ["big", "new"]}
    assert rest.put(path, json={"tags": "red"}).status_code == 400
    assert rest.put(path, json={}).json() == {"tags": ["This field is required."]}


def test_copy(rest: httpx2.Client, plain: httpx2.Client, upload: Upload, photo: bytes) -> None:
    """A copy is a file of its own: it outlives its source, takes further metadata, and is stored only if asked."""
    source = upload(store="1")
    answer = rest.post("/files/local_copy/", json={"source": source, "store": "true", "metadata": {"pet": "cat"}})
    copy = answer.json()["result"]
    assert (answer.status_code, answer.json()["type"], copy["metadata"]) == (201, "file", {"pet": "cat"})
    assert copy["datetime_stored"] is not None
    temporary = rest.post("/files/local_copy/", json={"source": f"{source}/", "store": False}).json()["result"]
    assert temporary["datetime_stored"] is None
    rest.delete(f"/files/{source}/storage/")
    assert plain.get(f"/{copy['uuid']}/").content == photo
    assert rest.post("/files/local_copy/", json={"source": source}).status_code == 404


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "`source` parameter is required."),
        ({"source": "x"}, "Bad `source` parameter. Use UUID or CDN URL."),
        ({"source": "{}", "store": "maybe"}, "`store` parameter should be `true` or `false`."),
        ({"source": "{}/-/resize/x20/"}, "The sandbox does not transform pictures: copy the file without operations."),
    ],
)
def test_copy_refusals(rest: httpx2.Client, upload: Upload, body: dict[str, str], sentence: str) -> None:
    """A wrong request for a copy has the service's own sentence."""
    filled = {name: value.replace("{}", upload()) for name, value in body.items()}
    answer = rest.post("/files/local_copy/", json=filled)
    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
