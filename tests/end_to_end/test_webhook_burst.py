"""More messages at once than the listener takes: each is stored, refused, or told to come again; photos go on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select

from cutoutd.core.photo import Photo
from cutoutd.ledger import read_ledger
from cutoutd.ledger.schema.tables import announcements
from support.clients.webhook_client import SECRET, listening, message, signature, subscribe, unknown_message
from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import NO_TLS, SandboxProcess

#: More than the listener takes at once.
CONNECTIONS = 80
ROUNDS = 2
KINDS = ("result", "replay", "foreign", "forged")
COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message."""

    kind: str
    result_uuid: str
    status: int


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        place = Place(tmp_path / "shop", sandbox.url)
        listening(place)
        yield place


def stored(place: Place) -> set[str]:
    """Results that were announced."""
    with read_ledger(place.state) as ledger:
        return set(ledger.scalars(select(announcements.c.result_uuid)))


def burst(url: str, photo: Photo) -> list[Answer]:
    """What came of messages over one connection, in turn."""
    with httpx2.Client(verify=NO_TLS, trust_env=False, timeout=60) as client:
        return [sent(client, url, kind, photo) for _ in range(ROUNDS) for kind in KINDS]


def sent(client: httpx2.Client, url: str, kind: str, photo: Photo) -> Answer:
    """One message; to be hung up on is no 2xx either, so Uploadcare would send it again."""
    result_uuid = str(photo.launch.result_uuid) if kind == "replay" else str(uuid4())
    body = message(str(photo.upload.source_uuid), str(photo.launch.request_id), result_uuid)
    if kind == "foreign":
        body = unknown_message()
    signed = signature(body, "another" if kind == "forged" else SECRET)
    try:
        status = client.post(url, content=body, headers={"X-Uc-Signature": signed}).status_code
    except httpx2.TransportError:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(kind, result_uuid, status)


def test_a_burst_loses_nothing_and_holds_nothing_up(shop: Place) -> None:
    """2xx is what is stored or need not be, one fault is one line of the log, and photos are published meanwhile."""
    with shop.start() as daemon:
        url = subscribe(shop, daemon)
        daemon.wait_for("webhook_heard")
        put(shop.input / "a.jpg")
        daemon.wait_for("published", "a.jpg")
        (photo,) = shop.versions("a.jpg")
        with ThreadPoolExecutor(CONNECTIONS) as senders:
            bursts = [senders.submit(burst, url, photo) for _ in range(CONNECTIONS)]
            for colour in COLOURS:
                put(shop.input / f"{colour}.jpg", jpeg_of(colour))
            answers = [answer for each in bursts for answer in each.result()]
        daemon.wait_for("published", *(f"{colour}.jpg" for colour in COLOURS))
        wrong = {HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE}
        right = {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
        assert all(answer.status in (wrong if answer.kind == "forged" else right) for answer in answers)
        taken = {answer.result_uuid for answer in answers if answer.kind == "result" and answer.status == HTTPStatus.OK}
        forged = {answer.result_uuid for answer in answers if answer.kind == "forged"}
        assert taken
        assert taken <= stored(shop)
        assert not forged & stored(shop)
        assert len([line for line in daemon.lines if line.action == "webhook_refused"]) <= 2
        assert daemon.stop() == 0
