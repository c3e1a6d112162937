"""Uploadcare tells of finished removals by itself: the real daemon, and the sandbox's signed delivery."""

import json

import pytest
from sqlalchemy import func, select

from cutoutd.core.photo import State
from cutoutd.ledger import read_ledger
from cutoutd.ledger.schema.tables import announcements
from support.clients.webhook_client import (
    SECRET,
    address_of,
    listening,
    message,
    post,
    raw_answer,
    signature,
    subscribe,
    unknown_message,
)
from support.images.drawn_photos import is_cutout, put
from support.nightly import IS_NIGHTLY
from support.processes.daemon_process import DaemonProcess, Place, eventually
from support.processes.sandbox_process import SandboxProcess

#: Asking would be due long before a removal of this length is announced.
SLOW = pytest.mark.sandbox_options("--processing-time", "3")

#: Some removals take longer than others: about two seconds in the night, half a second on every push.
LIFELIKE = pytest.mark.sandbox_options("--processing-time", f"lognormal:{2 if IS_NIGHTLY else 0.5}:0.3")
_MANY = 200 if IS_NIGHTLY else 50


@pytest.fixture
def shop(own_place: Place) -> Place:
    """A shop that Uploadcare's messages reach."""
    listening(own_place)
    return own_place


def put_many(place: Place, number: int, first: int = 0) -> list[str]:
    names = [f"{each}.jpg" for each in range(first, first + number)]
    for name in names:
        put(place.input / name)
    return names


def polls(sandbox: SandboxProcess) -> int:
    return int(sandbox.counters()["requests"].get("status", 0))


def listings(sandbox: SandboxProcess) -> int:
    return int(sandbox.counters()["requests"].get("files", 0))


def heard(daemon: DaemonProcess) -> None:
    daemon.wait_for("webhook_heard")


def stored(place: Place) -> int:
    with read_ledger(place.state) as ledger:
        return int(ledger.scalar(select(func.count()).select_from(announcements)) or 0)


def refusals(daemon: DaemonProcess) -> list[str]:
    return [line.message for line in daemon.lines if line.action == "webhook_refused"]


@LIFELIKE
def test_many_photos_finish_with_hardly_a_question(shop: Place, own_sandbox: SandboxProcess) -> None:
    """With the webhook on, photos are published when they are announced: at most 0.05 status polls each."""
    with shop.start() as daemon:
        subscribe(shop, daemon)
        heard(daemon)
        names = put_many(shop, _MANY)
        daemon.wait_for("published", *names, within_s=600)
    assert polls(own_sandbox) <= 0.05 * _MANY
    assert len(shop.outputs()) == _MANY
    assert is_cutout(shop.output / "0.png")
    assert stored(shop) == _MANY


def test_delivery_that_stops_half_way_is_made_up_for(shop: Place, own_sandbox: SandboxProcess) -> None:
    """The webhook is switched off in the middle: photos are asked about, all finish, and it is said why."""
    with shop.start() as daemon, own_sandbox.client() as rest:
        subscribe(shop, daemon)
        heard(daemon)
        first = put_many(shop, 20)
        daemon.wait_for("published", *first)
        (webhook,) = rest.get("/webhooks/").json()
        rest.put(f"/webhooks/{webhook['id']}/", json={"is_active": False})
        later = put_many(shop, 20, first=20)
        daemon.wait_for("published", *later)
        daemon.wait_for("webhook_silent")
        (said,) = [line.message for line in daemon.lines if line.action == "webhook_silent"]
    assert "switched the webhook off" in said
    assert "cutoutd webhook create" in said


def test_trust_comes_back_with_the_messages(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Once messages come again, removals are left alone again, without a restart."""
    with shop.start() as daemon, own_sandbox.client() as rest:
        subscribe(shop, daemon)
        heard(daemon)
        (webhook,) = rest.get("/webhooks/").json()
        rest.put(f"/webhooks/{webhook['id']}/", json={"is_active": False})
        put_many(shop, 12)
        daemon.wait_for("webhook_silent")
        daemon.wait_for("published", *(f"{number}.jpg" for number in range(12)))
        assert "It was there" in shop.command("webhook", "create", webhook["target_url"]).stdout
        put_many(shop, 30, first=12)
        eventually(lambda: daemon.count("webhook_heard") == 2)


def test_a_message_before_the_answer_is_kept_for_it(shop: Place, own_sandbox: SandboxProcess) -> None:
    """The launch's answer is late, and the removal is announced before it: no question is asked."""
    own_sandbox.set_faults({"kind": "late_answer", "seconds": 6, "on": "execute", "times": 1})
    with shop.start() as daemon:
        subscribe(shop, daemon)
        heard(daemon)
        put(shop.input / "a.jpg")
        eventually(lambda: (shop.state / "ledger.sqlite").exists() and stored(shop) == 1)
        (photo,) = shop.versions("a.jpg")
        assert photo.state is State.REMOVAL_INTENDED
        daemon.wait_for("published", "a.jpg")
    assert polls(own_sandbox) == 0


@SLOW
def test_a_lost_answer_is_adopted_from_the_message(shop: Place, own_sandbox: SandboxProcess) -> None:
    """A result whose launch was never answered is taken without a search, even where pixels would prove nothing."""
    listening(shop, folder={"remove_bg": {"crop": True}})
    own_sandbox.set_faults({"kind": "lose_response", "on": "execute", "times": 1})
    with shop.start() as daemon:
        subscribe(shop, daemon)
        heard(daemon)
        put(shop.input / "a.jpg")
        daemon.wait_for("answer_lost", "a.jpg")
        daemon.wait_for("published", "a.jpg")
    (photo,) = shop.versions("a.jpg")
    counters = own_sandbox.counters()
    assert photo.launch.request_id is not None
    assert polls(own_sandbox) == 0
    assert listings(own_sandbox) == 0
    assert sum(counters["executes_by_target"].values()) == 1


@SLOW
def test_what_was_announced_while_it_was_down_is_asked_about(shop: Place, own_sandbox: SandboxProcess) -> None:
    """A message that came to nobody costs a question, and trust is not lost over it."""
    with shop.start() as daemon:
        subscribe(shop, daemon)
        heard(daemon)
        put(shop.input / "a.jpg")
        daemon.wait_for("removal_started", "a.jpg")
        daemon.kill()
    with shop.start() as daemon:  # on another port
        daemon.wait_for("published", "a.jpg")
        assert daemon.count("webhook_silent") == 0


def test_refused_messages_change_nothing_and_are_told(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Wrong and missing signatures, signed junk and large bodies: refused, counted in the log, nothing stored."""
    with shop.start() as daemon:
        url = f"{address_of(daemon)}/hooks/uploadcare"
        put(shop.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        (photo,) = shop.versions("a.jpg")
        body = message(str(photo.upload.source_uuid), str(photo.launch.request_id), str(photo.launch.result_uuid))
        for wrong in (
            signature(body, "another"),
            signature(body + b" "),
            "v1=",
            "v1=" + "0" * 64,
            signature(body)[3:],
            "",
        ):
            assert post(url, body, wrong).status_code == 401
        for junk in (b"", b"{", b"[]", b'{"initiator": 1}', json.dumps({"hook": {}}).encode(), b"\xff\xfe"):
            assert post(url, junk).status_code == 400
        assert stored(shop) == 0
        daemon.wait_until(lambda _: len({*refusals(daemon)}) >= 2)
        assert all(line.level == "warning" for line in daemon.lines if line.action == "webhook_refused")
        assert SECRET not in daemon.output
        assert signature(body)[3:] not in daemon.output
        assert daemon.stop() == 0


def test_a_large_body_is_refused_before_it_is_sent(shop: Place) -> None:
    """10 MB: 413 on its length alone, or after a quarter of a megabyte without one, and the connection is closed."""
    with shop.start() as daemon:
        url = f"{address_of(daemon)}/hooks/uploadcare"
        heading = b"POST /hooks/uploadcare HTTP/1.1\r\nHost: x\r\n"
        with_length = raw_answer(url, heading + b"Content-Length: 10000000\r\n\r\n")
        piece = b"40001\r\n" + bytes(0x40001) + b"\r\n"
        in_pieces = raw_answer(url, heading + b"Transfer-Encoding: chunked\r\n\r\n" + piece)
        for answer in (with_length, in_pieces):
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert b"connection: close" in answer.lower()
        daemon.wait_until(lambda _: any("larger" in line for line in refusals(daemon)))


def test_others_messages_are_taken_and_forgotten(shop: Place, own_sandbox: SandboxProcess) -> None:
    """Other programs share the project: their uploads and removals get 2xx, and nothing is stored."""
    with shop.start() as daemon:
        url = subscribe(shop, daemon)
        upload = {"type": "api", "detail": {"request_id": None, "addon_name": None}}
        source = "00000000-0000-4000-8000-000000000000"
        foreign = message(source, source, source, initiator=upload)
        deleted = message(source, source, source, hook={"id": 1, "event": "file.deleted"})
        for body in (unknown_message(), foreign, deleted):
            assert post(url, body, Host="hooks.example.com").status_code == 200
        put(shop.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        assert stored(shop) == 1  # its own


def test_a_replay_changes_nothing(shop: Place, own_sandbox: SandboxProcess) -> None:
    """The same message again, and the same result under another launch's name, get 2xx; the ledger stays as it is."""
    with shop.start() as daemon:
        url = subscribe(shop, daemon)
        put(shop.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        before = shop.versions("a.jpg")
        (photo,) = before
        body = message(str(photo.upload.source_uuid), str(photo.launch.request_id), str(photo.launch.result_uuid))
        other = message(str(photo.upload.source_uuid), str(photo.upload.source_uuid), str(photo.launch.result_uuid))
        history = shop.command("history", "--json").stdout
        for again in (body, body, other):
            assert post(url, again).status_code == 200
        assert stored(shop) == 1
        assert shop.versions("a.jpg") == before
        assert shop.command("history", "--json").stdout == history


def test_without_a_webhook_nobody_is_let_in(own_sandbox: SandboxProcess, own_place: Place) -> None:
    """Where none was set up there is no secret, and so no message that could be believed."""
    own_place.configure(web={"listen": "127.0.0.1:0"})
    with own_place.start() as daemon:
        url = f"{address_of(daemon)}/hooks/uploadcare"
        assert post(url, unknown_message()).status_code == 404
        assert daemon.count("webhook_heard") == 0


def test_the_commands_set_up_show_and_take_away(own_sandbox: SandboxProcess, own_place: Place) -> None:
    """Create is idempotent and keeps a secret that only its owner can read, list marks ours, remove deletes ours."""
    url = "http://127.0.0.1:9/hooks/uploadcare"
    with own_sandbox.client() as rest:
        rest.post("/webhooks/", json={"target_url": "https://example.com/theirs", "event": "file.uploaded"})
        assert "reports finished removals" in own_place.command("webhook", "create", "http://127.0.0.1:9").stdout
        assert "Nothing to do" in own_place.command("webhook", "create", url).stdout
        ours = [each for each in rest.get("/webhooks/").json() if each["target_url"] == url]
        kept = own_place.state / "webhook.json"
        assert json.loads(kept.read_text()) == {"url": url, "secret": ours[0]["signing_secret"]}
        assert len(ours[0]["signing_secret"]) == 32
        assert kept.stat().st_mode & 0o777 == 0o600
        shown = own_place.command("webhook", "list")
        assert f"{url}: file.uploaded, active, this machine's" in shown.stdout
        assert "https://example.com/theirs: file.uploaded, active, another's" in shown.stdout
        assert ours[0]["signing_secret"] not in shown.stdout + own_place.command("webhook", "list", "--json").stdout
        moved = "http://127.0.0.1:9/elsewhere"
        assert own_place.command("webhook", "create", moved).returncode == 0
        targets = {each["target_url"] for each in rest.get("/webhooks/").json()}
        assert targets == {moved, "https://example.com/theirs"}
        assert moved in own_place.command("webhook", "remove").stdout
        assert "no webhook" in own_place.command("webhook", "remove").stdout
        assert [each["target_url"] for each in rest.get("/webhooks/").json()] == ["https://example.com/theirs"]
        assert not kept.exists()


def test_refusals_of_the_service_are_told_in_words(own_sandbox: SandboxProcess, own_place: Place) -> None:
    """A plan without webhooks, an address that is none or not encrypted, no address at all."""
    refused = {"kind": "body", "status": 403, "body": json.dumps({"detail": "You can't use webhooks"})}
    own_sandbox.set_faults({**refused, "on": "webhooks"})
    ended = own_place.command("webhook", "create", "http://127.0.0.1:9")
    assert ended.returncode == 3
    assert "You can't use webhooks" in ended.stderr
    assert "plan" in ended.stderr
    for url, word in (("http://example.com", "https://"), ("ftp://example.com", "address"), ("nothing", "address")):
        ended = own_place.command("webhook", "create", url)
        assert ended.returncode == 2
        assert word in ended.stderr
    ended = own_place.command("webhook", "create")
    assert ended.returncode == 2
    assert "webhook.url" in ended.stderr
