import json
import sqlite3
from pathlib import Path

import httpx2

from support.processes.sandbox_process import NO_TLS, PUBLIC_KEY, SandboxProcess, wait_for_removal
from support.servers.webhook_receiver import WebhookReceiver


def send(sandbox: SandboxProcess, photo: bytes) -> str:
    form = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY, "UPLOADCARE_STORE": "1"}
    with sandbox.unsigned_client() as plain:
        return str(plain.post("/base/", data=form, files={"file": ("cup.jpg", photo)}).json()["file"])


def test_files_counters_and_webhooks_survive_a_kill(own_sandbox: SandboxProcess, photo: bytes) -> None:
    """After kill -9 and a new start on the same port everything answered before is still there."""
    uuid = send(own_sandbox, photo)
    with own_sandbox.client() as rest:
        rest.post("/webhooks/", json={"target_url": "http://127.0.0.1:9/", "event": "file.stored"})
        info, webhooks = rest.get(f"/files/{uuid}/").json(), rest.get("/webhooks/").json()
    counters, url = own_sandbox.counters(), own_sandbox.url
    own_sandbox.kill()
    own_sandbox.start()
    assert own_sandbox.url == url
    assert own_sandbox.counters() == counters
    with own_sandbox.client() as rest:
        assert rest.get(f"/files/{uuid}/").json() == info
        assert rest.get("/webhooks/").json() == webhooks
    assert httpx2.get(f"{url}{uuid}/", verify=NO_TLS, trust_env=False).content == photo


def test_removal_in_progress_goes_on_after_a_kill(own_sandbox: SandboxProcess, photo: bytes) -> None:
    """A removal interrupted by kill -9 keeps its request_id and ends in one result."""
    uuid = send(own_sandbox, photo)
    own_sandbox.restart("--processing-time", "60")
    with own_sandbox.client() as rest:
        request_id = rest.post("/addons/remove_bg/execute/", json={"target": uuid}).json()["request_id"]
    own_sandbox.kill()
    own_sandbox.restart("--processing-time", "0")
    with own_sandbox.client() as rest:
        assert wait_for_removal(rest, request_id)["status"] == "done"
        assert rest.get("/files/").json()["total"] == 2
    assert own_sandbox.counters()["executes_by_target"] == {uuid: 1}


def test_undelivered_webhook_is_sent_after_a_kill(
    own_sandbox: SandboxProcess, photo: bytes, receiver: WebhookReceiver
) -> None:
    """A message refused before the kill arrives after it."""
    with own_sandbox.client() as rest:
        rest.post("/webhooks/", json={"target_url": receiver.url, "event": "file.uploaded"})
    receiver.answers.put(503)
    uuid = send(own_sandbox, photo)
    first = receiver.next()
    own_sandbox.kill()
    own_sandbox.start()
    assert receiver.next().body == first.body
    assert json.loads(first.body)["data"]["uuid"] == uuid


def test_state_of_an_earlier_version_is_taken_over(tmp_path: Path, photo: bytes) -> None:
    """A database whose files have no tags yet is completed at the start, and its files stay."""
    with SandboxProcess(tmp_path) as sandbox:
        uuid = send(sandbox, photo)
        sandbox.stop()
        with sqlite3.connect(tmp_path / "sandbox.sqlite") as database:
            database.execute("ALTER TABLE files DROP COLUMN tags")
        sandbox.start()
        with sandbox.client() as rest:
            assert rest.get(f"/files/{uuid}/tags/").json() == {"tags": []}
