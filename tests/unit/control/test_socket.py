"""The control socket: who finds it, what it takes, and what it survives."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from cutoutd.app.reload import Reloader
from cutoutd.config.settings import Settings
from cutoutd.control.connection import client
from cutoutd.control.connection.client import send_command
from cutoutd.control.connection.server import MessageHandler, MessageLimits, serving_control
from cutoutd.control.connection.socket import client_socket_path, listening_socket, server_socket_path
from cutoutd.control.executor import CommandExecutor
from cutoutd.control.messages import MESSAGES, PageLink, ReprocessCommand, RetryCommand, Scope
from cutoutd.control.queue import CommandQueue
from cutoutd.core.errors import ControlError, ControlRefusedError, LedgerBusyError, LedgerMissingError
from cutoutd.ledger import hold_ledger, open_ledger
from cutoutd.status.live_state import LiveState
from support.folders import folder_in, settings_in

LONG = "a folder with a name that alone is longer than most paths are, and so too long for the kernel" * 2


def house(place: Path, **others: object) -> Settings:
    """Settings of a daemon whose state folder is there."""
    place.mkdir(exist_ok=True, parents=True)
    settings = settings_in(place, "http://127.0.0.1:9/", folder_in(place)).model_copy(update=others)
    settings.state_dir.mkdir(exist_ok=True)
    return settings


def while_it_takes_commands(
    settings: Settings, scene: Callable[[CommandQueue], Awaitable[None]], limits: MessageLimits | None = None
) -> None:
    """Play a scene beside a server that holds the ledger."""

    async def play() -> None:
        with hold_ledger(settings.state_dir):
            async with open_ledger(settings.state_dir) as ledger:
                queue = CommandQueue(Reloader(settings).reload)
                executor = CommandExecutor(ledger, settings.folders, lambda _photo: None)
                handler = MessageHandler(queue, ledger, lambda: settings, _no_link)
                places = server_socket_path(settings, {}), client_socket_path(settings)
                async with (
                    serving_control(handler.answer, *places, limits),
                    queue.serving(executor, lambda: LiveState(pid=1, started_at_s=0.0)),
                ):
                    await scene(queue)

    asyncio.run(play())


@pytest.mark.parametrize(
    "command", [RetryCommand(("a", "b\udcff\n/ü %.jpg")), ReprocessCommand((), Scope.MISSING, max_removals=3)]
)
def test_a_command_arrives_as_it_was_given(command: RetryCommand | ReprocessCommand) -> None:
    """Whatever a file is called, and whatever is left out."""
    assert MESSAGES.validate_json(MESSAGES.dump_json(command)) == command


def test_a_command_is_answered(tmp_path: Path) -> None:
    """By the one who holds the ledger, however long the path to its socket is; the socket goes with it."""
    settings = house(tmp_path / LONG / "home")

    async def scene(_queue: CommandQueue) -> None:
        result = await asyncio.to_thread(send_command, RetryCommand(), settings)
        assert result.done == ("No photo has failed",)

    while_it_takes_commands(settings, scene)
    assert not os.path.lexists(client_socket_path(settings))


def test_a_socket_elsewhere_is_found_by_its_link(tmp_path: Path) -> None:
    """Systemd's folder is known to the daemon alone, which leaves a link beside the ledger; both go at the end."""
    settings = house(tmp_path / "home")
    place = server_socket_path(settings, {"RUNTIME_DIRECTORY": f"{tmp_path}:/run/other"})
    assert place == tmp_path / "control.sock"
    assert server_socket_path(house(tmp_path / "home", control_socket=tmp_path / "my.sock"), {}) == tmp_path / "my.sock"
    link = client_socket_path(settings)
    for _ in range(2):
        with listening_socket(place, link):
            assert link.resolve() == place
            assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert not os.path.lexists(link)
        assert not place.exists()
        link.symlink_to(place)  # as a crash leaves it
    with listening_socket(link, link):
        assert stat.S_ISSOCK(link.lstat().st_mode)


def test_a_dead_socket_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """What a killed daemon left goes; a file of that name stays, and so does a socket on which somebody listens."""
    place = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    with listening_socket(place, place):
        with pytest.raises(ControlError, match="cannot be made"), listening_socket(place, place):
            pass
        assert stat.S_ISSOCK(place.lstat().st_mode)
    place.write_text("mine")
    with pytest.raises(ControlError, match="cannot be made"), listening_socket(place, place):
        pass
    assert place.read_text() == "mine"


def test_only_our_own_socket_is_taken_away(tmp_path: Path) -> None:
    """What somebody put in its place meanwhile stays, at the socket's place and at its link's."""
    place, link = tmp_path / "run" / "control.sock", tmp_path / "control.sock"
    place.parent.mkdir()
    with listening_socket(place, link):
        for file in (place, link):
            file.unlink()
            file.write_text("mine")
    assert place.read_text() == link.read_text() == "mine"
    place.unlink()
    link.unlink()
    with listening_socket(place, link):
        assert link.is_symlink()
    assert list(tmp_path.rglob("control.sock")) == []


def test_without_a_socket_the_daemon_goes_on(tmp_path: Path) -> None:
    """A command then says that the ledger is held by one who takes no commands."""
    settings = house(tmp_path / "home", control_socket=tmp_path / "nowhere" / "control.sock")

    async def scene(_queue: CommandQueue) -> None:
        with pytest.raises(LedgerBusyError, match="takes no commands"):
            await asyncio.to_thread(send_command, RetryCommand(), settings, patience_s=0.1)

    while_it_takes_commands(settings, scene)


def test_while_nothing_runs_the_command_does_it(tmp_path: Path) -> None:
    """On the ledger itself; if there is none, it makes none."""
    settings = house(tmp_path / "home")
    with pytest.raises(LedgerMissingError):
        send_command(RetryCommand(), settings)
    assert list(settings.state_dir.iterdir()) == []
    while_it_takes_commands(settings, _nothing)
    assert send_command(RetryCommand(), settings).done == ("No photo has failed",)


def test_a_command_to_one_who_stops_is_refused_clearly(tmp_path: Path) -> None:
    """It was not carried out, and may be given again."""
    settings = house(tmp_path / "home")

    async def scene(queue: CommandQueue) -> None:
        queue.close()
        with pytest.raises(ControlError, match="just stopping") as refused:
            await asyncio.to_thread(send_command, RetryCommand(), settings)
        assert "again" in refused.value.advice

    while_it_takes_commands(settings, scene)


def test_odd_requests_are_refused(tmp_path: Path) -> None:
    """Commands of another version, too long or endless ones, and what is no command at all; then all is well."""
    settings = house(tmp_path / "home")

    def ask(content: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
        transport = httpx2.HTTPTransport(uds=str(client_socket_path(settings)))
        with httpx2.Client(transport=transport, base_url="http://cutoutd", trust_env=False) as http:
            return http.post("/", content=content, headers=headers)

    def ask_slowly() -> bytes:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(client_socket_path(settings)))
            line.sendall(b"POST / HTTP/1.1\r\nHost: cutoutd\r\nContent-Length: 50\r\n\r\n{")
            return line.recv(4096)

    async def scene(_queue: CommandQueue) -> None:
        assert "does not know" in (await asyncio.to_thread(ask, b'{"kind": "fly"}')).text
        assert (await asyncio.to_thread(ask, b"\xff" * 10)).status_code == 400
        assert "too long" in (await asyncio.to_thread(ask, b"x" * 101)).text
        assert b" 408 " in await asyncio.to_thread(ask_slowly)
        assert (await asyncio.to_thread(send_command, RetryCommand(), settings)).is_idle

    while_it_takes_commands(settings, scene, MessageLimits(max_bytes=100, receive_timeout_s=0.2))


def test_what_answers_instead_of_cutoutd_is_told(tmp_path: Path) -> None:
    """One who hangs up, and one who speaks of something else."""
    settings = house(tmp_path / "home")
    place = client_socket_path(settings)
    other = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    for said, words in ((b"", "before it had answered"), (other, "not cutoutd")):
        with listening_socket(place, place) as listener:
            answering = threading.Thread(target=_answer, args=(listener, said))
            answering.start()
            with pytest.raises(ControlError, match=words):
                send_command(RetryCommand(), settings)
            answering.join()


def test_who_may_not_use_the_socket_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no right to the socket, or may not even look for it, is told what to do."""
    settings = house(tmp_path / "home")

    def refuse(_path: Path) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(client, "_connect", refuse)
    with pytest.raises(ControlRefusedError) as refused:
        send_command(RetryCommand(), settings)
    assert "control_socket" in refused.value.advice


async def _no_link() -> PageLink:
    return PageLink(trouble="there is no page here")


async def _nothing(_queue: CommandQueue) -> None:
    """No scene."""


def _answer(listener: socket.socket, said: bytes) -> None:
    line, _ = listener.accept()
    with line:
        request = b""
        while not request.endswith(b"}") and (part := line.recv(4096)):  # else unread bytes reset the connection
            request += part
        line.sendall(said)


def test_who_may_not_look_into_the_state_folder_looks_where_systemd_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our units give state and runtime folder one name, so members of the group need not be told where it is."""
    state_dir = tmp_path / "cutoutd-shop"
    settings = house(tmp_path / "home", state_dir=state_dir)
    assert client_socket_path(settings, tmp_path) == settings.state_dir / "control.sock"
    monkeypatch.setattr(os, "access", lambda *_args, **_options: False)
    assert client_socket_path(settings, tmp_path) == Path("/run/cutoutd-shop/control.sock")
