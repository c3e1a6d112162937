"""Foreign words lead to public addresses over https, unless the configuration itself names others."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from cutoutd.core.errors import NeverSentError, UnreachableError
from cutoutd.uploadcare.addresses import Reach, guarded_transport, is_public
from cutoutd.uploadcare.client import open_uploadcare
from cutoutd.uploadcare.delivery import CdnBase
from cutoutd.uploadcare.responses import RemoteFile
from support.clocks import Clock
from support.servers.scripted_server import PATIENT, Script, answer, served_by, settings_for

UUID = "21975c81-7f57-4c7a-aef9-acfe28779f78"
COMPUTED = "https://1s4oyld5dc.ucarecd.net/"
API = "http://127.0.0.1:9000/"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0",  # noqa: S104  no place to listen at
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.8", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2002:c0a8:101::", "64:ff9b::7f00:1",
        "64:ff9b::a00:1", "64:ff9b:1::808:808", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "no address", "",
    ],
)  # fmt: skip  # one list
def test_special_addresses_are_not_public(address: str) -> None:
    """Of this machine, its networks, links and groups, in every disguise."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Also those of IPv4 in a form of IPv6."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "ftp://x/",
        "https://localhost/", "https://a.localhost/", "https://10.0.0.1:9000/", "https://user:pw@cdn.example.com/",
        "file:///etc/passwd", "//x/", "", "https://", "http://127.0.0.1:9001/", "https://127.0.0.1:9000/",
    ],
)  # fmt: skip  # one list
def test_other_addresses_than_public_ones_are_refused(url: str) -> None:
    """Another scheme, another port and another host than the configured one count as foreign."""
    assert Reach(API).trouble_with(url)
    with pytest.raises(UnreachableError):
        Reach(API).require_allowed(url, "cdn.test")


@pytest.mark.parametrize("url", ["https://cdn.example.com/a", "https://8.8.8.8/", f"{API}cdn/{UUID}/"])
def test_public_and_configured_addresses_are_allowed(url: str) -> None:
    """The sandbox on this machine is named by the configuration."""
    assert not Reach(API).trouble_with(url)


def file_at(url: str) -> RemoteFile:
    return RemoteFile.model_validate(
        {
            "uuid": UUID,
            "is_ready": True,
            "datetime_uploaded": "2026-11-22T10:00:00.000000Z",
            "datetime_removed": None,
            "size": 1,
            "original_file_url": url,
        }
    )


@pytest.mark.parametrize("base", ["http://cdn.example.com/", "https://127.0.0.1/", "https://[fd12::1]/"])
def test_no_odd_base_is_learned(base: str) -> None:
    """A description that names an address of this machine or without encryption teaches nothing."""
    cdn = CdnBase(None, COMPUTED, Reach(API))
    cdn.learn(file_at(f"{base}{UUID}/a.png"))
    assert not cdn.is_known


def test_a_learned_base_that_nobody_answers_at_is_forgotten(clock: Clock) -> None:
    """One odd answer holds up no cutout for long, and no outage of the CDN costs an operation for each try."""
    cdn = CdnBase(None, COMPUTED, Reach(API), clock)
    for is_known in (False, True):
        cdn.learn(file_at(f"https://cdn.example.com/{UUID}/a.png"))
        with pytest.raises(NeverSentError), cdn.doubt_if_unreachable():
            raise NeverSentError("no connection")
        assert cdn.is_known is is_known
    clock.now_s += 3600
    with pytest.raises(NeverSentError), cdn.doubt_if_unreachable():
        raise NeverSentError("no connection")
    assert not cdn.is_known


async def keep_nothing(_: bytes) -> None:
    pass


@asynccontextmanager
async def forbidden_server() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that nothing may be asked of; the list grows with each connection."""
    seen: list[str] = []

    async def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append("connected")
        writer.close()

    async with served_by(note) as url:
        yield url, seen


def redirect(address: str) -> bytes:
    return answer(302, "", location=address)


@pytest.mark.parametrize(
    "target",
    ["{url}a.png", "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::ffff:127.0.0.1]:{port}/"],
)
def test_a_redirect_leads_to_no_other_service_of_this_machine(target: str) -> None:
    """Not even a connection is made; the cutout waits, and the reason is said."""

    async def fetch() -> None:
        async with forbidden_server() as (url, seen):
            port = url.rstrip("/").rpartition(":")[2]
            script = Script([redirect(target.format(url=url, port=port))])
            async with served_by(script) as cdn:
                account = settings_for(cdn, cdn_base=cdn)
                async with open_uploadcare(account, connections=1, timeouts=PATIENT) as uploadcare:
                    with pytest.raises(UnreachableError, match="leads to"):
                        await uploadcare.fetch_cutout(UUID, keep_nothing)
            assert seen == []

    asyncio.run(fetch())


@pytest.mark.parametrize("location", ["http://[", "/\x7f", "https://", "http:// /"])
def test_a_redirect_to_nowhere_is_a_delay(location: str) -> None:
    """An address that is none raises an error of ours."""

    async def fetch() -> None:
        async with served_by(Script([redirect(location)])) as cdn:
            account = settings_for(cdn, cdn_base=cdn)
            async with open_uploadcare(account, connections=1, timeouts=PATIENT) as uploadcare:
                with pytest.raises(UnreachableError):
                    await uploadcare.fetch_cutout(UUID, keep_nothing)

    asyncio.run(fetch())


def test_redirects_within_the_configured_service_are_followed() -> None:
    """The sandbox may redirect to itself; a circle ends."""
    picture = answer(200, b"abc", "image/png")

    async def fetch(*answers: bytes) -> int:
        async with served_by(Script(list(answers))) as cdn:
            account = settings_for(cdn, cdn_base=cdn)
            async with open_uploadcare(account, connections=1, timeouts=PATIENT) as uploadcare:
                return await uploadcare.fetch_cutout(UUID, keep_nothing)

    assert asyncio.run(fetch(redirect("/elsewhere/"), redirect("more"), picture)) == 3
    with pytest.raises(UnreachableError, match="circle"):
        asyncio.run(fetch(redirect("/elsewhere/")))


def test_a_public_name_that_leads_to_this_machine_is_not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the name leads to counts, at each connection."""

    async def connect() -> list[str]:
        async with forbidden_server() as (url, seen):
            port = int(url.rstrip("/").rpartition(":")[2])
            loop = asyncio.get_running_loop()

            async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

            monkeypatch.setattr(loop, "getaddrinfo", resolve)
            transport = guarded_transport(httpx2.create_ssl_context(), httpx2.Limits(), Reach(API))
            async with httpx2.AsyncClient(transport=transport) as client:
                with pytest.raises(httpx2.ConnectError, match=r"leads to 127\.0\.0\.1"):
                    await client.get(f"https://rebound.example.com:{port}/")
            return seen

    assert asyncio.run(connect()) == []


def test_no_key_goes_to_the_host_of_the_next_page() -> None:
    """The list's next address names another host; only its query is used, at the configured one."""
    script = Script(
        [
            answer(200, json.dumps({"next": "https://evil.example.com/files/?from=7", "results": [json.loads(FILE)]})),
            answer(200, json.dumps({"next": None, "results": []})),
        ]
    )

    async def ask() -> None:
        async with (
            served_by(script) as url,
            open_uploadcare(settings_for(url), connections=1, timeouts=PATIENT) as uploadcare,
        ):
            await uploadcare.files.list_since(file_at("").uploaded_at)

    asyncio.run(ask())
    assert script.requests[1].split(b" ")[1] == b"/files/?from=7"


FILE = json.dumps({
    "uuid": UUID, "is_ready": True, "datetime_uploaded": "2026-11-22T10:00:00Z", "datetime_removed": None, "size": 1,
})  # fmt: skip  # one list
