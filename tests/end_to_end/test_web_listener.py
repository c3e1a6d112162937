"""The listener of ``web.listen``: there while cutoutd runs, and never a reason for it not to."""

import re
import socket

import httpx2
import pytest

from cutoutd.config.types.text_types import Listen
from support.clients import http_requests
from support.images.drawn_photos import put
from support.processes.daemon_process import DaemonProcess, Place


def address(daemon: DaemonProcess) -> str:
    """Where the daemon says that it listens."""
    daemon.wait_for("listening")
    (line,) = [line for line in daemon.lines if line.action == "listening"]
    found = re.search(r"http://\S+", line.message)
    assert found
    return found.group()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_it_can_be_looked_at_while_it_runs(place: Place, host: str) -> None:
    """On the configured address, and no longer once it has ended."""
    place.configure(web={"listen": f"{host}:0"})
    with place.start() as daemon:
        url = address(daemon)
        assert url.startswith(f"http://{host}:")
        assert http_requests.get(f"{url}/healthz").json() == {"alive": True, "stuck": []}
        assert daemon.stop() == 0
    with pytest.raises(httpx2.ConnectError):
        http_requests.get(f"{url}/healthz")


def test_a_taken_port_keeps_no_photo_waiting(place: Place) -> None:
    """Another program has the port: a warning says so and what to do, and photos go on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        place.configure(web={"listen": f"127.0.0.1:{port}"})
        put(place.input / "a.jpg")
        with place.start() as daemon:
            daemon.wait_for("published", "a.jpg")
            (warning,) = [line for line in daemon.lines if line.action == "no_page"]
            assert str(port) in warning.message
            assert "web.listen" in warning.message
            assert warning.level == "warning"


def test_other_machines_may_look_only_with_a_warning(place: Place) -> None:
    """An address that others can reach is said loudly at the start."""
    place.configure(web={"listen": "0.0.0.0:0"})
    with place.start() as daemon:
        daemon.wait_for("exposed")
        daemon.wait_for("started")
        assert daemon.stop() == 0
    assert not Listen("0.0.0.0", 1).is_loopback  # noqa: S104  nobody listens
