import asyncio
import gc
import io
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cutoutd.core.errors import CutoutdError, DeliveryRefusedError, NeverSentError, ResponseLostError, UnreachableError
from cutoutd.uploadcare.client import UploadcareClient, open_uploadcare
from cutoutd.uploadcare.connections import Signer
from cutoutd.uploadcare.transport import MAX_RESPONSE_BYTES, TimeoutSet
from support.servers import scripted_server
from support.servers.scripted_server import (
    PATIENT,
    SECRET_KEY,
    SHORT_OVERALL,
    SHORT_READ,
    Script,
    answer,
    length_of,
    served_by,
    settings_for,
)
from support.servers.untrusted_tls import EXPIRED, SELF_SIGNED, untrusted_server, write_certificate

UUID = "21975c81-7f57-4c7a-aef9-acfe28779f78"
LAUNCHED = answer(200, f'{{"request_id": "{UUID}"}}')

SOME_UUID = "f1a2b3c4-0000-4000-8000-000000000000"

Call = Callable[[UploadcareClient], Awaitable[object]]


def launch(uploadcare: UploadcareClient) -> Awaitable[object]:
    return uploadcare.start_removal(UUID, "{}")


def upload(uploadcare: UploadcareClient) -> Awaitable[object]:
    return uploadcare.upload_source(io.BytesIO(b"x" * 300_000), name="a.jpg", size_bytes=300_000)


def test_a_launch_that_was_given_up_is_not_sent_on() -> None:
    """Its connection is reset, because the kernel would else deliver the rest of it minutes later."""

    async def play() -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def take_and_be_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read()
                ended.set_result("closed")
            except ConnectionResetError:
                ended.set_result("reset")

        async with served_by(take_and_be_silent) as url:
            assert isinstance(await met_at(url, launch, SHORT_READ), ResponseLostError)
            return await asyncio.wait_for(ended, 10.0)

    assert asyncio.run(play()) == "reset"


def met(handler: scripted_server.Handler, call: Call, patience: TimeoutSet = PATIENT) -> CutoutdError:
    """The error that a call meets at a server of this kind."""

    async def play() -> CutoutdError:
        async with served_by(handler) as url:
            return await met_at(url, call, patience)

    return asyncio.run(play())


async def met_at(url: str, call: Call, patience: TimeoutSet = PATIENT) -> CutoutdError:
    async with open_uploadcare(settings_for(url), connections=2, timeouts=patience) as uploadcare:
        with pytest.raises(CutoutdError) as caught:
            await call(uploadcare)
    return caught.value


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def hanging_in_the_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-len")
    await writer.drain()
    await asyncio.sleep(60)


async def talking_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    await reader.read()


async def dribbling(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("call", [launch, upload, UploadcareClient.get_project])
def test_nobody_listening(call: Call) -> None:
    """A refused connection means that nothing was sent, of a launch too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    error = asyncio.run(met_at(url, call))
    assert type(error) is NeverSentError
    assert error.sentence == "127.0.0.1 refused the connection"


def test_a_name_that_cannot_be_resolved() -> None:
    """The sentence names the host, and a launch was definitely not made."""
    error = asyncio.run(met_at("https://no-such-host.invalid/", launch))
    assert type(error) is NeverSentError
    assert error.sentence == "the name no-such-host.invalid could not be resolved"


def test_no_secure_connection() -> None:
    """A server that speaks no TLS is never sent a launch."""

    async def play() -> CutoutdError:
        async with served_by(talking_first) as url:
            return await met_at(url.replace("http:", "https:"), launch)

    error = asyncio.run(play())
    assert type(error) is NeverSentError
    assert "no secure connection to 127.0.0.1" in error.sentence


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the HTTP library, for a handshake that was cut off
def test_a_handshake_without_end_is_no_launch() -> None:
    """The whole time ran out before the request had begun, so nothing was carried out."""

    async def play() -> CutoutdError:
        async with served_by(silent) as url:
            return await met_at(url.replace("http:", "https:"), launch, SHORT_OVERALL)

    assert type(asyncio.run(play())) is NeverSentError
    gc.collect()


@pytest.mark.parametrize(
    ("certificate", "words"), [(SELF_SIGNED, "self-signed certificate"), (EXPIRED, "certificate has expired")]
)
def test_certificates_that_nobody_should_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: str, words: str
) -> None:
    """Nothing is sent to a server that cannot prove who it is, or could until a year ago; the sentence says which."""
    if certificate is EXPIRED:
        monkeypatch.setenv("SSL_CERT_FILE", str(write_certificate(certificate, tmp_path)))
    with untrusted_server(certificate, tmp_path) as url:
        error = asyncio.run(met_at(url, launch))
    assert type(error) is NeverSentError
    assert words in error.sentence


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (Script([None]), "broke off"),
        (Script([b""]), "broke off"),
        (Script([b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"]), "broke off"),
        (Script([b"no HTTP at all\r\n\r\n"]), "broke off"),
        (Script([answer(200, b"\xff\xfe\x00", content_encoding="gzip")]), "cannot be decompressed"),
        (Script([answer(200, "<html>log in</html>", "text/html")]), "not Uploadcare's"),
        (Script([answer(302, "", location="http://portal.test/")]), "not Uploadcare's"),
        (Script([answer(511, "<html>log in</html>", "text/html")]), "in trouble"),
        (Script([answer(200, b" " * (MAX_RESPONSE_BYTES + 1))]), "more than"),
        (Script([answer(200, '{"request_id": 5, "file": [], "name": null}')]), "not Uploadcare's"),
        (Script([answer(200, "\udcff".encode("utf-8", "surrogateescape"))]), "not Uploadcare's"),
    ],
)
@pytest.mark.parametrize("call", [launch, upload, UploadcareClient.get_project])
def test_bad_weather(handler: scripted_server.Handler, words: str, call: Call) -> None:
    """What is no answer is a delay in plain words; for a launch it is open whether it was carried out."""
    error = met(handler, call)
    assert type(error) is (ResponseLostError if call is launch else UnreachableError)
    assert words in error.sentence


@pytest.mark.parametrize(
    ("handler", "patience", "words"),
    [
        (silent, SHORT_READ, "sent nothing for 0.2 s"),
        (hanging_in_the_headers, SHORT_READ, "sent nothing for 0.2 s"),
        (dribbling, SHORT_OVERALL, "not over after 2 s"),
    ],
)
@pytest.mark.parametrize("call", [launch, upload, UploadcareClient.get_project])
def test_no_weather_at_all(handler: scripted_server.Handler, patience: TimeoutSet, words: str, call: Call) -> None:
    """A server that never comes to an end is left after a while, which is said; of a launch nobody knows then."""
    error = met(handler, call, patience)
    assert type(error) is (ResponseLostError if call is launch else UnreachableError)
    assert words in error.sentence


def test_a_launch_with_a_spoilt_body_is_known_by_its_header() -> None:
    """Uploadcare repeats the removal's id in a header, so an answer that is cut off in its body is not lost."""
    head = f"HTTP/1.1 200 OK\r\nX-Uploadcare-Request-Id: {SOME_UUID}\r\ncontent-length: 99\r\n\r\n"

    async def play() -> str:
        async with (
            served_by(Script([head.encode()])) as url,
            open_uploadcare(settings_for(url), connections=2, timeouts=PATIENT) as uploadcare,
        ):
            return await uploadcare.start_removal(SOME_UUID, "{}")

    assert asyncio.run(play()) == SOME_UUID


def test_a_lost_launch_tells_what_support_needs() -> None:
    """Status and Uploadcare's own id of the exchange are kept with a launch that nobody can be sure of."""
    refused = Script([answer(502, "<html>bad gateway</html>", "text/html", x_uploadcare_request_id="trace-7")])
    error = met(refused, launch)
    assert type(error) is ResponseLostError
    assert "(HTTP 502, X-Uploadcare-Request-Id trace-7)" in error.sentence


def test_a_launch_goes_over_a_connection_just_used_or_new() -> None:
    """A connection that was idle for longer is not used for a launch, for the loss of the call could not be told."""
    connections: list[int] = []

    async def kept_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(connections)
        connections.append(0)
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(length_of(head))
            connections[number] += 1
            writer.write(LAUNCHED.replace(b"connection: close\r\n", b""))

    async def play() -> None:
        async with served_by(kept_open) as url, open_uploadcare(settings_for(url), connections=2) as uploadcare:
            await launch(uploadcare)
            await launch(uploadcare)
            await asyncio.sleep(1.1)
            await launch(uploadcare)

    asyncio.run(play())
    assert connections == [2, 1]


def test_a_launch_says_what_is_to_be_done() -> None:
    """The paid call carries the source and the parameters as they are, and a signature instead of the secret."""
    script = Script([LAUNCHED])

    async def play() -> str:
        async with served_by(script) as url, open_uploadcare(settings_for(url), connections=1) as uploadcare:
            return await uploadcare.start_removal(UUID, '{"crop":true,"bg_color":"81d4fa77"}')

    assert asyncio.run(play()) == UUID
    (request,) = script.requests
    assert request.startswith(b"POST /addons/remove_bg/execute/ HTTP/1.1\r\n")
    assert request.endswith(f'{{"target":"{UUID}","params":{{"crop":true,"bg_color":"81d4fa77"}}}}'.encode())
    assert b"authorization: uploadcare demopublickey:" in request.lower()
    assert SECRET_KEY.encode() not in request


def test_proxies_are_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox on this machine is reached although the environment names a proxy, which others go through."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def play() -> None:
        async with (
            served_by(Script([LAUNCHED])) as url,
            open_uploadcare(settings_for(url), connections=1) as uploadcare,
        ):
            await launch(uploadcare)
        error = await met_at("https://api.example.test/", launch)
        assert isinstance(error, NeverSentError)
        assert "proxy" in error.sentence

    asyncio.run(play())


def test_a_hurried_end_leaves_no_connection_behind() -> None:
    """Cancelling a call in the middle closes its connection, and the pool stays usable."""
    arrived = asyncio.Event()

    async def hanging(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await reader.read()

    async def play() -> None:
        async with served_by(hanging) as url, open_uploadcare(settings_for(url), connections=1) as uploadcare:
            for _ in range(2):
                arrived.clear()
                call = asyncio.create_task(uploadcare.get_project())
                await asyncio.wait_for(arrived.wait(), 60)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call

    asyncio.run(play())


def test_refused_deliveries_do_not_use_up_the_pool() -> None:
    """A body that nobody reads does not keep its connection: with one connection, every fetch gets its answer."""
    refusing = Script([answer(403, b"x" * 1_000_000, "text/plain")])

    async def play() -> None:
        async with served_by(refusing) as url:
            settings = settings_for(url, cdn_base=url)
            async with open_uploadcare(settings, connections=1, timeouts=PATIENT) as uploadcare:
                for _ in range(3):
                    with pytest.raises(DeliveryRefusedError):
                        await uploadcare.fetch_cutout(UUID, lambda _: asyncio.sleep(0))

    asyncio.run(play())


def test_nothing_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    """With everything logged, neither the secret nor a signature is in any line, nor in an error or its causes."""
    caplog.set_level(logging.DEBUG)
    script = Script([answer(401, '{"detail": "Invalid signature. Please check your Secret key."}')])
    told = []
    for call in (launch, upload, UploadcareClient.get_project):
        error: BaseException | None = met(script, call)
        while error is not None:
            told.append(f"{error} {error!r}")
            error = error.__cause__
    told += [met(Script([None]), call).sentence for call in (launch, upload)]
    lines = caplog.text + "\n".join(told) + repr(Signer("demopublickey", settings_for("https://api.test/").secret_key))
    signatures = [_signature_in(request) for request in script.requests]
    assert len(signatures) == 3
    for secret in (SECRET_KEY, "Authorization: Uploadcare", *signatures):
        assert secret not in lines


def _signature_in(request: bytes) -> str:
    head, _, body = request.partition(b"\r\n\r\n")
    if b"Uploadcare demopublickey:" in head:
        return head.partition(b"demopublickey:")[2].partition(b"\r\n")[0].decode()
    return body.partition(b'name="signature"\r\n\r\n')[2].partition(b"\r\n")[0].decode()


def test_requests_never_wait_for_a_connection() -> None:
    """The stages limit their number; a silent service may hold many at once, and the next one is sent all the same."""
    number = 200

    async def play() -> None:
        are_all_there = asyncio.Event()
        there = 0

        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal there
            await reader.readuntil(b"\r\n\r\n")
            there += 1
            if there == number:
                are_all_there.set()
            await are_all_there.wait()
            writer.close()

        async def ask(uploadcare: UploadcareClient) -> None:
            with pytest.raises(UnreachableError):
                await uploadcare.get_project()

        async with served_by(hold) as url, open_uploadcare(settings_for(url)) as uploadcare:
            async with asyncio.TaskGroup() as asked:
                for _ in range(number):
                    asked.create_task(ask(uploadcare))
            assert there == number

    asyncio.run(play())
