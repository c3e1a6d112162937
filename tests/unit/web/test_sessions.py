"""Sessions of the page: one a browser, stored as hashes, expiring, ended at once by a person."""

import asyncio
from pathlib import Path

import pytest

from cutoutd.web.access.sessions import SESSION_S, SESSIONS_NAME, Sessions, end_all_sessions
from cutoutd.web.access.tokens import Tokens
from cutoutd.web.access.wrong_tokens import WrongTokens, client_address
from support.clocks import Clock

TOKENS = Tokens("a" * 43)


def test_each_browser_has_a_session_of_its_own_that_a_restart_keeps(tmp_path: Path, clock: Clock) -> None:
    """The file opens nothing: it holds hashes, and only its owner reads it."""

    async def play() -> None:
        sessions = Sessions(tmp_path, TOKENS, clock)
        one, two = await sessions.start(), await sessions.start()
        assert one != two
        again = Sessions(tmp_path, TOKENS, clock)
        assert [await again.is_valid(value) for value in (one, two, "", "x", one + "x")] == [
            True,
            True,
            False,
            False,
            False,
        ]
        stored = (tmp_path / SESSIONS_NAME).read_text()
        assert one not in stored
        assert two not in stored
        assert (tmp_path / SESSIONS_NAME).stat().st_mode & 0o777 == 0o600
        assert not await Sessions(tmp_path, Tokens("b" * 43), clock).is_valid(one)

    asyncio.run(play())


@pytest.mark.parametrize(("later_s", "is_valid"), [(SESSION_S - 1, True), (SESSION_S, False), (-2 * 86_400.0, False)])
def test_a_session_expires(tmp_path: Path, clock: Clock, later_s: float, *, is_valid: bool) -> None:
    """Also after the clock was set back: no session lasts longer than a new one would."""

    async def play() -> None:
        sessions = Sessions(tmp_path, TOKENS, clock)
        value = await sessions.start()
        clock.now_s += later_s
        assert await sessions.is_valid(value) is is_valid

    asyncio.run(play())


def test_all_sessions_end_at_once(tmp_path: Path, clock: Clock) -> None:
    """By the page's button, and by the command, which removes the file under a running daemon."""

    async def play() -> None:
        sessions = Sessions(tmp_path, TOKENS, clock)
        value = await sessions.start()
        await sessions.end_all()
        assert not await sessions.is_valid(value)
        value = await sessions.start()
        end_all_sessions(tmp_path)
        assert not await Sessions(tmp_path, TOKENS, clock).is_valid(value)

    asyncio.run(play())


def test_sessions_are_bounded(tmp_path: Path, clock: Clock) -> None:
    """The oldest ends, and a file that was filled by hand is no session."""

    async def play() -> None:
        sessions = Sessions(tmp_path, TOKENS, clock)
        first = await sessions.start()
        for _ in range(200):
            clock.now_s += 1
            last = await sessions.start()
        assert not await sessions.is_valid(first)
        assert await sessions.is_valid(last)
        (tmp_path / SESSIONS_NAME).write_text("[" * 10_000)
        assert not await Sessions(tmp_path, TOKENS, clock).is_valid(last)

    asyncio.run(play())


def test_refusals_are_counted_by_client(clock: Clock) -> None:
    """The first are logged for fail2ban, many more have to wait, and a later window begins anew."""
    refusals = WrongTokens(clock)
    numbers = [refusals.count("192.0.2.7") for _ in range(40)]
    assert [number for number in numbers if refusals.is_logged(number)] == list(range(1, 21))
    assert refusals.is_too_often(numbers[-1])
    assert refusals.count("192.0.2.8") == 1
    clock.now_s += 601
    assert refusals.count("192.0.2.7") == 1


@pytest.mark.parametrize(
    ("forwarded", "is_proxied", "expected"),
    [
        ("", False, "192.0.2.7"), ("198.51.100.1", False, "192.0.2.7"), ("1.2.3.4, 198.51.100.1", True, "198.51.100.1"),
        ("evil\n\x1b[2J", True, "unknown"), ("", True, "192.0.2.7"), ("2001:DB8::1", True, "2001:db8::1"),
    ],
)  # fmt: skip  # one list
def test_the_client_is_the_one_that_a_proxy_saw(forwarded: str, *, is_proxied: bool, expected: str) -> None:
    """Without a proxy nobody can say to be another client; behind one, its own entry counts."""
    assert client_address("192.0.2.7", {"x-forwarded-for": forwarded}, is_proxied=is_proxied) == expected
