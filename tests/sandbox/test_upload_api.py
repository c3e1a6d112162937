import hashlib
import hmac
import socket
import time
from collections.abc import Callable
from uuid import UUID

import httpx2
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY, SandboxProcess, Upload

TEXT = "text/plain; charset=utf-8"
DAY_S = 24 * 3600


def signed(expire: str, secret: str = SECRET_KEY) -> dict[str, str]:
    return {"signature": hmac.new(secret.encode(), expire.encode(), "sha256").hexdigest(), "expire": expire}


def own(**fields: str) -> dict[str, str]:
    return {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, **fields}


def later(seconds: int) -> str:
    return str(int(time.time()) + seconds)


def post(client: httpx2.Client, form: dict[str, str], **query: str) -> httpx2.Response:
    return client.post("/base/", data=form, files={"file": ("cup.jpg", b"anything")}, params=query)


def test_answer_is_keyed_by_the_forms_field_names(plain: httpx2.Client, photo: bytes) -> None:
    """Every file of the form gets a UUID under its own field's name, as plain JSON."""
    files = {"first": ("a.jpg", photo), "second photo": ("b.jpg", photo)}
    answer = plain.post("/base/", data={"UPLOADCARE_PUB_KEY": PUBLIC_KEY}, files=files)
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["first", "second photo"]
    assert all(UUID(uuid) for uuid in answer.json().values())


# Made when the test runs: a form made at collection has expired by the time a long run comes to it.
@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        (dict, 403, "UPLOADCARE_PUB_KEY is required."),
        (lambda: {"UPLOADCARE_PUB_KEY": "nobody"}, 403, "UPLOADCARE_PUB_KEY is invalid."),
        (lambda: own(signature="ab"), 400, "`expire` is required."),
        (lambda: own(expire=later(60)), 400, "`signature` is required."),
        (lambda: own(signature="ab", expire="soon"), 400, "`expire` must be a UNIX timestamp."),
        (lambda: own(**signed(later(-60))), 403, "Expired signature."),
        (lambda: own(**signed(later(60), "wrong")), 403, "Invalid signature."),
    ],
)
def test_refusals_are_the_services_plain_texts(
    plain: httpx2.Client, fields: Callable[[], dict[str, str]], status: int, sentence: str
) -> None:
    """A wrong form is refused with the recorded status and sentence, as text."""
    answer = post(plain, fields())
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (status, TEXT, sentence)


def test_form_without_files_is_refused(plain: httpx2.Client) -> None:
    """A field that is no file does not count as one."""
    answer = plain.post("/base/", data={"UPLOADCARE_PUB_KEY": PUBLIC_KEY, "file": "text"})
    assert (answer.status_code, answer.text) == (400, "Request does not contain files.")


def test_right_signature_is_accepted(plain: httpx2.Client) -> None:
    """An upload signed with the secret key and not expired is taken."""
    assert post(plain, {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, **signed(later(60))}).status_code == 200


def test_broken_form_is_refused(plain: httpx2.Client) -> None:
    """A body that is no multipart form gets the service's sentence."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = plain.post("/base/", content=b"--x\r\nnonsense\r\n", headers=headers)
    assert (answer.status_code, answer.text) == (400, "HTTP POST request parsing failed.")


def test_direct_upload_ends_at_100_megabytes(sandbox: SandboxProcess) -> None:
    """A request that says it is longer than a direct upload may be is refused by its length alone."""
    with socket.create_connection(("127.0.0.1", httpx2.URL(sandbox.url).port), timeout=60) as connection:
        head = "POST /base/ HTTP/1.1\r\nHost: sandbox\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        connection.sendall(f"{head}Content-Length: 200000000\r\n\r\n".encode())
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_jsonerrors_wraps_refusals(plain: httpx2.Client) -> None:
    """With jsonerrors=1 a refusal has status 200 and says the rest in an error object."""
    answer = post(plain, {}, jsonerrors="1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "error": {
            "content": "UPLOADCARE_PUB_KEY is required.",
            "status_code": 403,
            "error_code": "ProjectPublicKeyRequiredError",
        }
    }


def test_throttling_is_plain_text(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """429 names its seconds only in Retry-After, and may leave even those out."""
    sandbox.add_faults(
        {"kind": "status", "on": "upload", "status": 429, "retry_after_s": 7, "times": 1},
        {"kind": "status", "on": "upload", "status": 429, "times": 1},
    )
    first, second = (post(plain, {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}) for _ in range(2))
    assert (first.status_code, first.text, first.headers["retry-after"]) == (429, "Request was throttled.", "7")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)


def test_metadata_and_names_come_back(plain: httpx2.Client, rest: httpx2.Client, photo: bytes) -> None:
    """The metadata[key] fields and the name as sent are kept, umlauts, blanks and emoji included."""
    form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, "metadata[pet]": "cat", "metadata[a.b]": "ü"}
    answer = plain.post("/base/", data=form, files={"file": ("Tasse Nr. 1 - süß 🍵.jpg", photo)})
    info = rest.get(f"/files/{answer.json()['file']}/").json()
    assert info["metadata"] == {"pet": "cat", "a.b": "ü"}
    assert info["original_filename"] == "Tasse Nr. 1 - süß 🍵.jpg"
    assert info["original_file_url"].endswith("/TasseNr1s.jpg")


@pytest.mark.parametrize(("store", "status_after_a_day"), [("0", 404), ("1", 200), ("auto", 200)])
def test_store_decides_whether_a_file_stays(
    upload: Upload, plain: httpx2.Client, sandbox: SandboxProcess, store: str, status_after_a_day: int
) -> None:
    """A file not stored is deleted after 24 hours, a stored one stays; auto asks the project, which stores."""
    uuid = upload(store=store)
    sandbox.move_clock(DAY_S - 60)
    assert plain.get(f"/{uuid}/").status_code == 200
    sandbox.move_clock(DAY_S + 60)
    assert plain.get(f"/{uuid}/").status_code == status_after_a_day


def test_upload_counts_by_content_and_costs_three_operations(
    upload: Upload, sandbox: SandboxProcess, photo: bytes
) -> None:
    """One request, one started 100 MB and one virus scan."""
    upload()
    counters = sandbox.counters()
    assert counters["uploads_by_sha256"] == {hashlib.sha256(photo).hexdigest(): 1}
    assert counters["operations"] == 3


def test_info_is_the_upload_apis_view(upload: Upload, plain: httpx2.Client, photo: bytes) -> None:
    """GET /info/ tells size, type, picture and readiness without any signature."""
    uuid = upload(name="IMG-0412_123.JPG")
    info = plain.get("/info/", params={"pub_key": PUBLIC_KEY, "file_id": uuid}).json()
    assert (info["uuid"], info["file_id"], info["size"], info["is_ready"]) == (uuid, uuid, len(photo), True)
    assert (info["filename"], info["original_filename"]) == ("IMG0412_123.JPG", "IMG-0412_123.JPG")
    assert (info["image_info"]["width"], info["image_info"]["format"], info["is_stored"]) == (240, "JPEG", False)


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ({}, 403, "pub_key is required."),
        ({"pub_key": "nobody"}, 403, "pub_key is invalid."),
        ({"pub_key": PUBLIC_KEY}, 400, "file_id is required."),
        ({"pub_key": PUBLIC_KEY, "file_id": "x"}, 400, "file_id is invalid."),
        ({"pub_key": PUBLIC_KEY, "file_id": "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46"}, 404, "File is not found."),
    ],
)
def test_info_refusals(plain: httpx2.Client, query: dict[str, str], status: int, sentence: str) -> None:
    """Each wrong question to /info/ has its own sentence."""
    answer = plain.get("/info/", params=query)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (status, TEXT, sentence)
