"""Uploads in parts: their rules, and that a restart loses none of them."""

import hashlib
from pathlib import Path

import httpx2
import numpy as np
import pytest

from support.processes.sandbox_process import PUBLIC_KEY, SandboxProcess

MIB = 1024 * 1024
KEY = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}
CONTENT = np.random.default_rng(7).bytes(11 * MIB)
TYPE = {"Content-Type": "application/octet-stream"}


def begin(client: httpx2.Client, **fields: str) -> httpx2.Response:
    form = {**KEY, "filename": "big.bin", "content_type": "application/octet-stream", "size": str(len(CONTENT))}
    return client.post("/multipart/start/", data={**form, **fields})


def complete(client: httpx2.Client, uuid: str) -> httpx2.Response:
    return client.post("/multipart/complete/", data={**KEY, "uuid": uuid})


def pieces(part_size: int = 5 * MIB) -> list[bytes]:
    return [CONTENT[at : at + part_size] for at in range(0, len(CONTENT), part_size)]


def test_parts_become_one_file(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """Parts sent in any order become the announced file, billed as one upload; a second completion is refused."""
    started = begin(plain, **{"metadata[pet]": "cat", "UPLOADCARE_STORE": "1", "tags": "Red, big"}).json()
    assert len(started["parts"]) == 3
    for address, piece in reversed(list(zip(started["parts"], pieces(), strict=True))):
        answer = plain.put(address, content=piece, headers=TYPE)
        assert (answer.status_code, answer.headers["etag"]) == (200, f'"{hashlib.md5(piece).hexdigest()}"')  # noqa: S324 - S3's own
    info = complete(plain, started["uuid"]).json()
    assert (info["uuid"], info["size"], info["is_stored"]) == (started["uuid"], len(CONTENT), True)
    assert (info["original_filename"], info["metadata"]) == ("big.bin", {"pet": "cat"})
    assert plain.get(f"/{started['uuid']}/").content == CONTENT
    assert sandbox.counters()["uploads_by_sha256"] == {hashlib.sha256(CONTENT).hexdigest(): 1}
    with sandbox.client() as rest:
        assert rest.get(f"/files/{started['uuid']}/tags/").json()["tags"] == ["red", "big"]
    again = complete(plain, started["uuid"])
    assert (again.status_code, again.text) == (400, "File is already uploaded.")


def test_restart_keeps_the_parts(tmp_path: Path) -> None:
    """A kill between two parts loses neither the session nor the part that came."""
    with SandboxProcess(tmp_path) as sandbox, sandbox.unsigned_client() as client:
        started = begin(client).json()
        client.put(started["parts"][0], content=pieces()[0], headers=TYPE)
        sandbox.kill()
        sandbox.start()
        for address, piece in list(zip(started["parts"], pieces(), strict=True))[1:]:
            client.put(address, content=piece, headers=TYPE)
        assert complete(client, started["uuid"]).json()["size"] == len(CONTENT)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"filename": ""}, "filename is required."),
        ({"content_type": ""}, "content_type is required."),
        ({"size": ""}, "size is required."),
        ({"size": "big"}, "size should be integer."),
        ({"size": "10485759"}, "File size can not be less than 10485760 bytes. Please use direct upload instead of"),
        ({"size": str(6 * 1024**3)}, "File size exceeds project limit."),
        ({"part_size": "x"}, "Multipart Upload Part Size should be an integer."),
        ({"part_size": "5242879"}, "Multipart Upload Part Size can not be less than 5242880 bytes."),
        ({"part_size": str(6 * 1024**3)}, "Multipart Upload Part Size can not be more than 5368709120 bytes."),
        ({"metadata[a b]": "x"}, "File's metadata key `a b` contains symbols not allowed by the metadata key format."),
    ],
)
def test_start_refusals(plain: httpx2.Client, fields: dict[str, str], sentence: str) -> None:
    """Each wrong announcement has the service's own sentence."""
    answer = begin(plain, **fields)
    assert (answer.status_code, answer.text[: len(sentence)]) == (400, sentence)


def test_complete_refusals(plain: httpx2.Client) -> None:
    """Missing parts, surplus bytes, wrong sizes and unknown uploads are told apart, and end nothing."""
    started = begin(plain).json()
    first, second, third = pieces()
    plain.put(started["parts"][0], content=first, headers=TYPE)
    assert complete(plain, started["uuid"]).text == "File size mismatch. Not all parts uploaded?"
    plain.put(started["parts"][1], content=second, headers=TYPE)
    plain.put(started["parts"][2], content=third + b"x", headers=TYPE)
    assert complete(plain, started["uuid"]).text == "Uploaded size is more than expected."
    plain.put(started["parts"][1], content=second[:MIB], headers=TYPE)
    plain.put(started["parts"][2], content=second[MIB:] + third, headers=TYPE)
    assert complete(plain, started["uuid"]).text == "Can not complete upload. Wrong parts size?"
    assert complete(plain, "").text == "uuid is required."
    assert complete(plain, "x").text == "uuid is invalid."
    unknown = complete(plain, "575ed4e8-f4e8-4c14-a58b-1527b6d9ee46")
    assert (unknown.status_code, unknown.text) == (404, "File is not found.")


def test_part_addresses_are_permissions(sandbox: SandboxProcess, plain: httpx2.Client) -> None:
    """A changed address, one without a content type, and one of yesterday are refused as XML, as the storage does."""
    address = begin(plain).json()["parts"][0]
    forged = plain.put(address.replace("/1?", "/2?"), content=b"x", headers=TYPE)
    assert (forged.status_code, forged.headers["content-type"]) == (403, "application/xml")
    assert "<Code>SignatureDoesNotMatch</Code>" in forged.text
    assert plain.put(address, content=b"x").status_code == 403
    sandbox.move_clock(25 * 3600)
    late = plain.put(address, content=b"x", headers=TYPE)
    assert (late.status_code, "Request has expired" in late.text) == (403, True)
