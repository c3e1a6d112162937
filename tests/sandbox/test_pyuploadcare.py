"""Uploadcare's own Python client, synchronous and unchanged, against the sandbox."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from PIL import Image
from pyuploadcare import Uploadcare
from pyuploadcare.api.addon_entities import AddonLabels, AddonRemoveBGExecutionParams
from pyuploadcare.api.responses import AddonStatus
from pyuploadcare.exceptions import (
    AuthenticationError,
    InvalidRequestError,
    ThrottledRequestError,
    WebhookIsNotUnique,
)

from support.processes.sandbox_process import NO_TLS, PUBLIC_KEY, SECRET_KEY, Finish, SandboxProcess


@contextmanager
def connected(sandbox: SandboxProcess, **options: object) -> Iterator[Uploadcare]:
    """The client with all three of its addresses at the sandbox; its sockets are closed at the end."""
    keys = {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY}
    bases = {"api_base": sandbox.url, "upload_base": sandbox.url, "cdn_base": sandbox.url}
    uploadcare = Uploadcare(**{**keys, **bases, "retry_throttled": 0, **options})
    with uploadcare.rest_client, uploadcare.upload_client, uploadcare.cdn_client:
        yield uploadcare


@pytest.fixture
def uploadcare(sandbox: SandboxProcess) -> Iterator[Uploadcare]:
    with connected(sandbox) as uploadcare:
        yield uploadcare


@pytest.fixture
def photo_file(tmp_path: Path, photo: bytes) -> Path:
    path = tmp_path / "cup.jpg"
    path.write_bytes(photo)
    return path


def send(uploadcare: Uploadcare, path: Path, *, times: int) -> list[str]:
    """Upload the same file several times and return the UUIDs."""
    uuids = []
    for _ in range(times):
        with path.open("rb") as stream:
            uuids.append(uploadcare.upload(stream).uuid)
    return uuids


def test_project_info(uploadcare: Uploadcare) -> None:
    """The project's information passes the client's model."""
    assert uploadcare.get_project_info().pub_key == PUBLIC_KEY


def test_wrong_secret(sandbox: SandboxProcess) -> None:
    """The client sees its wrong key as an authentication error."""
    with connected(sandbox, secret_key="not" + SECRET_KEY) as uploadcare, pytest.raises(AuthenticationError) as raised:
        uploadcare.get_project_info()
    assert "Invalid signature" in str(raised.value)


@pytest.mark.parametrize("options", [{}, {"signed_uploads": True}])
def test_upload_info_and_delete(sandbox: SandboxProcess, photo_file: Path, options: dict[str, bool]) -> None:
    """Upload, signed or not, file info, storing and deleting go through the client's own objects."""
    with connected(sandbox, **options) as uploadcare, photo_file.open("rb") as stream:
        file = uploadcare.upload(stream, store=False, metadata={"pet": "cat"})
        assert (file.filename, file.size, file.is_image) == ("cup.jpg", photo_file.stat().st_size, True)
        assert file.info["metadata"] == {"pet": "cat"}
        assert not file.is_stored
        file.store()
        assert file.is_stored
        file.delete()
        assert file.is_removed


def test_remove_bg(uploadcare: Uploadcare, photo_file: Path, finish: Finish) -> None:
    """Execute, status and result work with the client's parameter model."""
    with photo_file.open("rb") as stream:
        file = uploadcare.upload(stream)
    params = AddonRemoveBGExecutionParams(crop=True, type_level="2", type="product")
    execution = uploadcare.addons_api.execute(file.uuid, AddonLabels.REMOVE_BG, params)
    finish(str(execution.request_id))
    answer = uploadcare.addons_api.status(execution.request_id, AddonLabels.REMOVE_BG)
    assert answer.status is AddonStatus.DONE
    assert answer.result is not None
    result = uploadcare.file(answer.result["file_id"])
    assert (result.mime_type, result.is_ready) == ("image/png", True)
    content = httpx2.get(result.info["original_file_url"], verify=NO_TLS, trust_env=False).content
    assert Image.open(io.BytesIO(content)).mode == "RGBA"
    file.update_info(include_appdata=True)
    assert file.info["appdata"]["remove_bg"]["data"]["foreground_type"] == "product"


def test_refused_execute(uploadcare: Uploadcare, sandbox: SandboxProcess) -> None:
    """404 and 429 become the client's exceptions, the latter with its seconds."""
    nobody = UUID("575ed4e8-f4e8-4c14-a58b-1527b6d9ee46")
    with pytest.raises(InvalidRequestError, match="Not found"):
        uploadcare.addons_api.execute(nobody, AddonLabels.REMOVE_BG)
    sandbox.add_faults({"kind": "status", "on": "execute", "status": 429, "retry_after_s": 3})
    with pytest.raises(ThrottledRequestError) as raised:
        uploadcare.addons_api.execute(nobody, AddonLabels.REMOVE_BG)
    assert raised.value.wait == 4  # the client adds a second


def test_list_follows_pages(uploadcare: Uploadcare, photo_file: Path) -> None:
    """The client's list walks several pages by itself, newest first, appdata included."""
    uuids = send(uploadcare, photo_file, times=5)
    listed = uploadcare.list_files(ordering="-datetime_uploaded", request_limit=2, limit=5)
    assert [file.uuid for file in listed] == uuids[::-1]


def test_batch_delete(uploadcare: Uploadcare, photo_file: Path) -> None:
    """The client's batch deletion takes its files away."""
    uuids = send(uploadcare, photo_file, times=3)
    uploadcare.delete_files(uuids)
    assert all(uploadcare.file(uuid).is_removed for uuid in uuids)


def test_webhooks(uploadcare: Uploadcare) -> None:
    """Create, list, change and delete a webhook; a duplicate is the client's own exception."""
    target = "http://127.0.0.1:9/hook"
    webhook = uploadcare.create_webhook(target, event="file.uploaded", signing_secret="x" * 20)
    assert (webhook.target_url, webhook.signing_secret, webhook.is_active) == (target, "x" * 20, True)
    with pytest.raises(WebhookIsNotUnique):
        uploadcare.create_webhook(target, event="file.uploaded")
    assert uploadcare.update_webhook(webhook.id, is_active=False).is_active is False
    uploadcare.delete_webhook(webhook.id)
    assert list(uploadcare.list_webhooks()) == []


def test_from_url_and_groups(uploadcare: Uploadcare, photo_file: Path, sandbox: SandboxProcess) -> None:
    """An upload from an address is waited for; with another file it becomes a group that is listed and deleted."""
    (uuid,) = send(uploadcare, photo_file, times=1)
    fetched = uploadcare.upload_from_url_sync(f"{sandbox.url}{uuid}/cup.jpg", interval=0.05, metadata={"pet": "cat"})
    assert (fetched.filename, fetched.size, fetched.info["metadata"]) == (
        "cup.jpg",
        photo_file.stat().st_size,
        {"pet": "cat"},
    )
    group = uploadcare.create_file_group([uploadcare.file(uuid), fetched])
    assert [file.uuid for file in uploadcare.file_group(group.id)] == [uuid, fetched.uuid]
    assert group.id in [listed.id for listed in uploadcare.list_file_groups()]
    group.delete()
    with pytest.raises(InvalidRequestError, match="Not found"):
        uploadcare.file_group(group.id).update_info()


def test_multipart_labels_and_copies(uploadcare: Uploadcare, tmp_path: Path) -> None:
    """A file over 10 MB goes in parts; its metadata, tags and copies go through the client's own objects."""
    path = tmp_path / "big.bin"
    path.write_bytes(b"cutout " * 1_600_000)
    with path.open("rb") as stream:
        file = uploadcare.upload(stream, tags=["Red"])
    assert file.size == path.stat().st_size
    assert uploadcare.metadata_api.update_or_create_key(file.uuid, "pet", "cat") == "cat"
    assert uploadcare.metadata_api.get_all_metadata(file.uuid) == {"pet": "cat"}
    assert uploadcare.tags_api.update(file.uuid, add=["big"]).tags == ["red", "big"]
    assert file.create_local_copy(store=True).size == file.size
    with pytest.raises(InvalidRequestError, match="no storage"):
        file.create_remote_copy("bucket")
