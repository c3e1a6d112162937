"""A daemon that Uploadcare's webhook reaches: its listener, the subscription, and messages of one's own making."""

import hashlib
import hmac
import json
import re
import socket
from uuid import uuid4

import httpx2

from support.processes.daemon_process import DaemonProcess, Place

SECRET = "thesecretofthewebhook0123456789a"  # noqa: S105  a test's own


def listening(place: Place, **sections: object) -> None:
    """Configure a listener on a free port, and the webhook's secret, which tests want to know."""
    secret = place.home / "webhook-secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    place.configure(web={"listen": "127.0.0.1:0"}, webhook={"secret_file": str(secret)}, **sections)


def address_of(daemon: DaemonProcess) -> str:
    """Where the daemon says that it listens."""
    daemon.wait_for("listening")
    said = [line.message for line in daemon.lines if line.action == "listening"]
    found = re.search(r"http://\S+", said[-1])
    assert found
    return found.group()


def subscribe(place: Place, daemon: DaemonProcess) -> str:
    """``webhook create`` for the running daemon, which is relied on when this returns; the address."""
    url = f"{address_of(daemon)}/hooks/uploadcare"
    done = place.command("webhook", "create", url)
    assert done.returncode == 0, done.stderr
    return url


def message(source_uuid: str, request_id: str, result_uuid: str, **others: object) -> bytes:
    """What Uploadcare sends about a finished removal."""
    detail = {"addon_name": "remove_bg", "request_id": request_id, "source_file_uuid": source_uuid}
    payload = {
        "initiator": {"type": "addon", "detail": detail},
        "hook": {"id": 1, "event": "file.uploaded", "target": "https://example.com"},
        "data": {"uuid": result_uuid, "is_ready": True},
        "file": f"https://example.com/{result_uuid}/",
        **others,
    }
    return json.dumps(payload).encode()


def unknown_message() -> bytes:
    """As ``message``, about files that nobody here knows."""
    return message(str(uuid4()), str(uuid4()), str(uuid4()))


def signature(body: bytes, secret: str = SECRET) -> str:
    """Made by nobody's code but this."""
    return f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def post(url: str, body: bytes, signed: str | None = None, **headers: str) -> httpx2.Response:
    """Send a message as Uploadcare does; rightly signed unless told otherwise."""
    sent = {
        "Content-Type": "application/json",
        "X-Uc-Signature": signature(body) if signed is None else signed,
        **headers,
    }
    return httpx2.post(url, content=body, headers=sent, trust_env=False, timeout=30)


def raw_answer(url: str, request: bytes) -> bytes:
    """What comes back on a connection until it is closed, for requests that no library would send."""
    host, port = re.search(r"//([^:/]+):(\d+)", url).groups()  # type: ignore[union-attr]  # of a daemon's own address
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer
