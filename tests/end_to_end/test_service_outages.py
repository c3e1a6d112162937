"""Nobody there, or nobody to be trusted: photos wait, are blamed for nothing, and are published when it is over."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from support.images.drawn_photos import is_cutout, put
from support.processes.daemon_process import Place
from support.processes.sandbox_process import SandboxProcess
from support.servers.untrusted_tls import SELF_SIGNED, untrusted_server

LONG_S = 240.0

Away = Callable[[Path], AbstractContextManager[str]]


@contextmanager
def nobody(_: Path) -> Iterator[str]:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}/"


@contextmanager
def no_name(_: Path) -> Iterator[str]:
    """A name that no DNS server knows, by RFC 6761."""
    yield "https://uploadcare.invalid/"


@contextmanager
def impostor(folder: Path) -> Iterator[str]:
    """A server that signed its certificate itself."""
    with untrusted_server(SELF_SIGNED, folder) as url:
        yield url


@pytest.mark.parametrize(
    ("base", "away", "words"),
    [
        ("upload_base", no_name, "could not be resolved"),
        ("upload_base", impostor, "certificate that is not trusted"),
        ("api_base", nobody, "refused the connection"),
        ("api_base", impostor, "certificate that is not trusted"),
        ("cdn_base", no_name, "could not be resolved"),
        ("cdn_base", impostor, "certificate that is not trusted"),
    ],
)
def test_what_cannot_be_reached_is_waited_for(
    place: Place, sandbox: SandboxProcess, base: str, away: Away, words: str
) -> None:
    """The log says why, a kill forgets no wait, none is longer than half a minute, and nothing is done twice."""
    put(place.input / "a.jpg")
    with away(place.home) as url:
        place.configure(uploadcare={base: url})
        with place.start() as daemon:
            daemon.wait_until(lambda lines: any(words in line.message for line in lines), within_s=LONG_S)
            daemon.kill()
        (photo,) = place.versions("a.jpg")
        assert words in photo.wait.reason
        assert photo.wait.attempts >= 1
        assert photo.wait.until_s < time.time() + 30
    place.configure()
    assert place.run_once().returncode == 0
    assert is_cutout(place.output / "a.png")
    counters = sandbox.counters()
    assert sorted(counters["uploads_by_sha256"].values()) == [1]
    assert sorted(counters["executes_by_sha256"].values()) == [1]
