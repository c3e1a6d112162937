"""The secret key, and what is made with it, are in nothing that the daemon writes; and how that is known."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.clients.webhook_client import address_of, post, signature, unknown_message
from support.images.drawn_photos import jpeg
from support.processes.daemon_process import PATIENCE_S, Place
from support.processes.fork_client import ENVIRONMENT
from support.processes.sandbox_process import SECRET_KEY, SandboxProcess
from support.servers.tcp_relay import Relay

#: A program with careless lines: at every request it quotes what goes out, and the key, also in an error.
CARELESS = f"""
import logging, sys
import httpx2
from cutoutd.core import logs
from cutoutd.core.logs import record
from cutoutd.cli import main

send = httpx2.AsyncHTTPTransport.handle_async_request

async def tell_and_send(transport, request):
    logs.log_event("careless", f"{{request.headers.raw}} {SECRET_KEY}", level=logging.DEBUG)
    logs.log_fault("careless", "a fault", ValueError(str(request.headers.get("Authorization")) + " {SECRET_KEY}"))
    return await send(transport, request)

httpx2.AsyncHTTPTransport.handle_async_request = tell_and_send
sys.argv = ["cutoutd", "run", "--once", "--config", sys.argv[1]]
"""
WITHOUT_REDACTION = "record.redact = lambda text: text\n"


@pytest.fixture
def relay(sandbox: SandboxProcess) -> Relay:
    return Relay(sandbox.url)


def settle_in(place: Place, relay: Relay) -> None:
    """Debug level, a good and a bad photo."""
    bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), relay.url)
    place.configure(uploadcare={**bases, "remote_cleanup": "delete"}, log={"level": "debug", "format": "json"})
    (place.input / "a.jpg").write_bytes(jpeg())
    (place.input / "empty.jpg").write_bytes(b"")


def secrets_in(sent: bytes) -> set[bytes]:
    """The key, and every signature that went over the wire: of requests and of uploads."""
    signatures = re.findall(rb"authorization: uploadcare [^:]+:(\S+)", sent, re.IGNORECASE)
    uploads = re.findall(rb'name="signature"\r\n(?:[^\r\n]+\r\n)*\r\n([0-9a-f]+)', sent)
    assert signatures
    return {SECRET_KEY.encode(), *signatures, *uploads}


def leaks(place: Place, said: str, secrets: set[bytes]) -> dict[str, int]:
    """Where secrets are found among all that was written, and how many."""
    files = [file for tree in (place.state, place.output) for file in tree.rglob("*") if file.is_file()]
    written = {str(file): file.read_bytes() for file in files} | {"the log": said.encode()}
    assert len(written) > 3
    found = {where: sum(secret in content for secret in secrets) for where, content in written.items()}
    return {where: number for where, number in found.items() if number}


def test_no_secret_is_ever_written(place: Place, sandbox: SandboxProcess, relay: Relay) -> None:
    """Log at debug level, ledger, live file, state folder, cutouts, notes, process list: neither key nor signature."""
    settle_in(place, relay)
    sandbox.set_faults(
        {"kind": "status", "status": 503, "on": "status", "times": 1},
        {"kind": "html_portal", "on": "upload", "times": 1},
        {"kind": "truncate", "after_bytes": 100, "on": "cdn", "times": 1},
    )
    with relay, place.start_cold() as daemon:
        daemon.wait_for("published", "a.jpg")
        daemon.wait_for("rejected", "empty.jpg")
        listed = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        status = place.command("status", "--json").stdout + place.command("history", "--json").stdout
        daemon.stop()
    secrets = secrets_in(relay.sent)
    assert leaks(place, daemon.output + status + listed.decode(), secrets) == {}


def run_carelessly(place: Place, program: str) -> str:
    """Work off what is there with a program that says too much."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}main()", str(place.config)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * PATIENCE_S,
    )
    said = done.stdout + done.stderr
    assert "careless" in said, said
    return said


def test_a_careless_line_holds_no_secret_either(place: Place, relay: Relay) -> None:
    """Whoever should one day log requests with their headers, or raise an error with the key: it is taken out."""
    settle_in(place, relay)
    with relay:
        said = run_carelessly(place, CARELESS)
    assert "[hidden]" in said
    assert leaks(place, said, secrets_in(relay.sent)) == {}


def test_without_redaction_the_search_finds_them(place: Place, relay: Relay) -> None:
    """The positive control: the same careless line with redaction switched off shows the key and signatures."""
    settle_in(place, relay)
    with relay:
        said = run_carelessly(place, CARELESS + WITHOUT_REDACTION)
    assert leaks(place, said, secrets_in(relay.sent))["the log"] > 1


def test_the_webhooks_secret_is_kept_to_its_file(place: Place, sandbox: SandboxProcess) -> None:
    """Made by ``webhook create``, it is in its private file alone; signatures are nowhere."""
    place.configure(web={"listen": "127.0.0.1:0"}, log={"level": "debug", "format": "json"})
    with place.start() as daemon:
        url = f"{address_of(daemon)}/hooks/uploadcare"
        said = [place.command("webhook", *words) for words in (("create", url), ("create", url), ("list", "--json"))]
        daemon.wait_for("webhook_heard")
        (place.input / "a.jpg").write_bytes(jpeg())
        daemon.wait_for("published", "a.jpg")
        secret = json.loads((place.state / "webhook.json").read_text())["secret"]
        body = unknown_message()
        signed = signature(body, secret)[3:]
        assert post(url, body, f"v1={signed}").status_code == 200
        assert post(url, b"another", f"v1={signed}").status_code == 401
        said.append(place.command("webhook", "remove"))
        daemon.stop()
    (place.state / "webhook.json").unlink(missing_ok=True)
    written = daemon.output + "".join(each.stdout + each.stderr for each in said)
    assert leaks(place, written, {secret.encode(), signed.encode()}) == {}
