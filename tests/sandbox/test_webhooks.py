import hashlib
import hmac
import json
from typing import Any

import httpx2
import pytest

from support.processes.sandbox_process import REST_TYPE, Finish, Launch, SandboxProcess, Upload
from support.servers.webhook_receiver import WebhookReceiver

SECRET = "7kMVZivndx0ErgvhRKAr"  # noqa: S105 - the published example's
TARGET = "http://127.0.0.1:9/nobody"


@pytest.fixture(autouse=True)
def _no_webhooks_left(rest: httpx2.Client) -> Any:  # noqa: ANN401 - a generator whose values nobody uses
    yield
    for webhook in rest.get("/webhooks/").json():
        rest.delete(f"/webhooks/{webhook['id']}/")


def subscribe(rest: httpx2.Client, target: str, **fields: object) -> dict[str, Any]:
    answer = rest.post("/webhooks/", json={"target_url": target, "event": "file.uploaded", **fields})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


def test_subscription_has_the_published_keys(rest: httpx2.Client) -> None:
    """Creating answers 201 with every key, the secret being null when unset."""
    answer = rest.post("/webhooks/", data={"target_url": TARGET, "event": "file.uploaded"})
    assert (answer.status_code, answer.headers["content-type"]) == (201, REST_TYPE)
    webhook = answer.json()
    assert set(webhook) == {
        "id", "project", "created", "updated", "event", "target_url", "is_active", "version", "signing_secret",
    }  # fmt: skip # one list
    assert (webhook["signing_secret"], webhook["is_active"], webhook["version"]) == (None, True, "0.7")
    assert rest.get("/webhooks/").json() == [webhook]


def test_update_and_delete_take_form_and_json(rest: httpx2.Client) -> None:
    """PUT changes what it names in either encoding; DELETE answers 204 without a body."""
    webhook = subscribe(rest, TARGET, signing_secret=SECRET)
    path = f"/webhooks/{webhook['id']}/"
    assert rest.put(path, data={"is_active": "false"}).json()["is_active"] is False
    changed = rest.put(path, json={"target_url": TARGET + "2"}).json()
    assert (changed["target_url"], changed["is_active"], changed["signing_secret"]) == (TARGET + "2", False, SECRET)
    answer = rest.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert rest.delete(path).status_code == 404
    assert rest.put("/webhooks/999/", json={}).json() == {"detail": "Not found."}


def test_unsubscribe_by_target(rest: httpx2.Client) -> None:
    """DELETE unsubscribe with the target in its body removes the subscription."""
    subscribe(rest, TARGET)
    assert rest.request("DELETE", "/webhooks/unsubscribe/", json={"target_url": TARGET}).status_code == 204
    assert rest.get("/webhooks/").json() == []


def test_second_subscription_of_the_same_target_is_refused(rest: httpx2.Client) -> None:
    """Target and event are unique together, in the words pyuploadcare looks for."""
    subscribe(rest, TARGET)
    answer = rest.post("/webhooks/", json={"target_url": TARGET, "event": "file.uploaded"})
    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["This project is already subscribed on this event"]}
    assert subscribe(rest, TARGET, event="file.deleted")["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event": "file.uploaded"}, "target_url"),
        ({"target_url": TARGET}, "event"),
        ({"target_url": "nowhere", "event": "file.uploaded"}, "target_url"),
        ({"target_url": TARGET, "event": "file.eaten"}, "event"),
        ({"target_url": TARGET, "event": "file.uploaded", "signing_secret": "x" * 33}, "signing_secret"),
    ],
)
def test_wrong_subscriptions_are_refused(rest: httpx2.Client, fields: dict[str, str], field: str) -> None:
    """A missing or impossible value is named."""
    answer = rest.post("/webhooks/", json=fields)
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_upload_is_announced_with_a_signature(
    rest: httpx2.Client, upload: Upload, receiver: WebhookReceiver, sandbox: SandboxProcess
) -> None:
    """The message carries initiator, hook, data and file, and its signature is right over the raw body."""
    webhook = subscribe(rest, receiver.url, signing_secret=SECRET)
    uuid = upload()
    message = receiver.next()
    expected = hmac.new(SECRET.encode(), message.body, hashlib.sha256).hexdigest()
    assert message.signature == f"v1={expected}"
    payload = json.loads(message.body)
    assert set(payload) == {"initiator", "hook", "data", "file"}
    assert payload["initiator"] == {"type": "api", "detail": {"request_id": None, "addon_name": None}}
    assert payload["data"] == rest.get(f"/files/{uuid}/").json()
    assert payload["file"] == payload["data"]["original_file_url"]
    assert (payload["hook"]["id"], payload["hook"]["target"]) == (webhook["id"], receiver.url)
    assert "signing_secret" not in payload["hook"]


def test_unsigned_without_a_secret(rest: httpx2.Client, upload: Upload, receiver: WebhookReceiver) -> None:
    """A subscription without a secret sends no signature header."""
    subscribe(rest, receiver.url)
    upload()
    assert receiver.next().signature is None


def test_result_says_where_it_comes_from(
    rest: httpx2.Client, upload: Upload, launch: Launch, finish: Finish, receiver: WebhookReceiver
) -> None:
    """The result's message names the add-on, the request and the source: the only link between the two files."""
    source = upload()
    subscribe(rest, receiver.url)
    request_id = launch(source)
    payload = json.loads(receiver.next().body)
    assert payload["initiator"] == {
        "type": "addon",
        "detail": {"addon_name": "remove_bg", "request_id": request_id, "source_file_uuid": source},
    }
    assert payload["data"]["uuid"] == finish(request_id)["result"]["file_id"]


def test_delivery_is_repeated_until_taken(
    rest: httpx2.Client, upload: Upload, receiver: WebhookReceiver, sandbox: SandboxProcess
) -> None:
    """Anything but 2xx brings the same message again; each attempt costs an operation."""
    subscribe(rest, receiver.url)
    for status in (500, 302):
        receiver.answers.put(status)
    uuid = upload()
    bodies = {receiver.next().body for _ in range(3)}
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["data"]["uuid"] == uuid
    assert receiver.arrived.empty()


def test_other_events_and_silenced_hooks(rest: httpx2.Client, upload: Upload, receiver: WebhookReceiver) -> None:
    """Only active subscriptions of the event hear of it: here a deletion, not the upload before it."""
    silent = subscribe(rest, receiver.url)
    rest.put(f"/webhooks/{silent['id']}/", json={"is_active": False})
    subscribe(rest, receiver.url, event="file.deleted")
    uuid = upload()
    rest.delete(f"/files/{uuid}/storage/")
    payload = json.loads(receiver.next().body)
    assert (payload["hook"]["event"], payload["data"]["uuid"]) == ("file.deleted", uuid)
    assert payload["data"]["datetime_removed"] is not None


def test_changes_tell_the_values_before(
    rest: httpx2.Client, upload: Upload, launch: Launch, receiver: WebhookReceiver
) -> None:
    """Changed metadata, and the add-on data of a removal, are announced with what stood there before."""
    source = upload()
    subscribe(rest, receiver.url, event="file.info_updated")
    rest.put(f"/files/{source}/metadata/pet/", json="cat")
    told = json.loads(receiver.next().body)
    assert (told["data"]["metadata"], told["previous_values"]) == ({"pet": "cat"}, {"metadata": {}})
    launch(source)
    told = json.loads(receiver.next().body)
    assert (told["data"]["uuid"], told["previous_values"]) == (source, {"appdata": {}})
