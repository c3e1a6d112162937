"""Files with a program that still writes to them: not taken, not paid for, and never removed under their writer."""

import hashlib
import http.server
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.images.drawn_photos import jpeg, jpeg_of, put
from support.processes.daemon_process import Place, eventually
from support.processes.sandbox_process import SandboxProcess

#: A connection that delivers its middle part later than a file has to stand still.
_STALL_S = 4.0
_LARGE = jpeg() + b"\0" * 20 + random.Random(1).randbytes(5 << 20)  # noqa: S311 - a trailer, as phones append it


class _StallingDownload(http.server.BaseHTTPRequestHandler):
    """A server of one file with ranges; the second quarter of the file comes late."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        first, _, last = self.headers.get("Range", f"bytes=0-{len(_LARGE) - 1}").partition("=")[2].partition("-")
        part = _LARGE[int(first) : int(last or len(_LARGE) - 1) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(_LARGE)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if 0 < int(first) < len(_LARGE) // 2:
            time.sleep(_STALL_S)
        self.wfile.write(part)


@contextmanager
def stalling_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _StallingDownload) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.jpg"
        server.shutdown()


def settling_reasons(place: Place) -> list[str]:
    return [file["reason"] for file in place.status()["settling"]]


@pytest.mark.skipif(shutil.which("aria2c") is None, reason="this machine has no aria2c")
def test_a_download_over_several_connections_is_taken_once_it_is_complete(
    place: Place, sandbox: SandboxProcess
) -> None:
    """Its end marker arrives first, and it stands still for a while; with ``delete`` it would be lost."""
    place.configure(folder={"on_success": "delete"}, watch={"stability_delay": "1s", "rescan_interval": "1s"})
    with place.start() as daemon, stalling_server() as address:
        command = ["aria2c", "-q", "-x4", "-s4", "-k1M", "-d", str(place.input), address]
        assert subprocess.run(command, check=False).returncode == 0
        daemon.wait_for("source", "a.jpg")
    assert sandbox.counters()["executes_by_sha256"] == {hashlib.sha256(_LARGE).hexdigest(): 1}
    assert list(place.input.iterdir()) == []


def test_a_stalled_writer_is_waited_for_and_named(place: Place, sandbox: SandboxProcess) -> None:
    """A phone sends the picture and, after a pause, the film behind it; status says what is waited for meanwhile."""
    place.configure(folder={"on_success": "delete"}, watch={"stability_delay": "0.2s", "rescan_interval": "1s"})
    film = b"\0\0\0\x18ftypmp42" + bytes(100_000)
    picture = jpeg()
    with place.start() as daemon:
        with (place.input / "a.MP.jpg").open("wb") as file:
            file.write(picture)
            file.flush()
            eventually(lambda: settling_reasons(place) == ["is open for writing in another program"])
            file.write(film)
        daemon.wait_for("source", "a.MP.jpg")
    assert sandbox.counters()["executes_by_sha256"] == {hashlib.sha256(picture + film).hexdigest(): 1}


def test_a_photo_that_is_opened_again_is_not_paid_for_until_it_is_closed(place: Place, sandbox: SandboxProcess) -> None:
    """Between its upload and the paid call: the last look sees the writer, and the photo waits."""
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
    photo = put(place.input / "a.jpg")
    with place.start() as daemon:
        daemon.wait_for("accepted", "a.jpg")
        with photo.open("r+b"):
            sandbox.clear_faults()
            eventually(lambda: "open for writing" in str(place.status()["waiting"]))
            assert sandbox.counters()["requests"].get("execute", 0) == 0
        daemon.wait_for("published", "a.jpg")
    assert sandbox.counters()["requests"]["execute"] == 1


def test_a_name_that_is_overwritten_again_and_again_is_paid_for_few_times(
    place: Place, sandbox: SandboxProcess
) -> None:
    """The first version and the last one; a program that saves twice a second does not buy each of its versions."""
    place.configure(watch={"stability_delay": "0.2s", "rescan_interval": "1s"})
    colours = ["red", "green", "blue", "orange", "purple"] * 4
    with place.start():
        for colour in colours:
            (place.input / "a.jpg").write_bytes(jpeg_of(colour))
            time.sleep(0.3)
        last = hashlib.sha256(jpeg_of(colours[-1])).hexdigest()
        eventually(lambda: last in sandbox.counters()["executes_by_sha256"])
    paid = sandbox.counters()["executes_by_sha256"]
    assert sum(paid.values()) <= 3


def chmod(photo: Path) -> None:
    photo.chmod(0o640)


def set_time_after_closing(photo: Path) -> None:
    os.utime(photo, (1_500_000_000, 1_500_000_000))


def set_attribute(photo: Path) -> None:
    os.setxattr(photo, "user.rating", b"5")


@pytest.mark.parametrize("change", [chmod, set_time_after_closing, set_attribute])
@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_a_photo_changed_between_discovery_and_payment_comes_back_at_once(
    place: Place, sandbox: SandboxProcess, change: Callable[[Path], None], mode: str
) -> None:
    """Rights, times and attributes that are set after the last byte; no rescan helps, and it is paid for once."""
    place.configure(watch={"mode": mode, "stability_delay": "0s", "rescan_interval": "1h"})
    photo = put(place.input / "a.jpg")
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 1_000_000})
    with place.start() as daemon:
        daemon.wait_for("accepted", "a.jpg")
        change(photo)
        sandbox.clear_faults()
        daemon.wait_for("published", "a.jpg")
    assert sandbox.counters()["requests"]["execute"] == 1


def test_once_takes_the_newer_version_of_a_superseded_photo(place: Place, sandbox: SandboxProcess) -> None:
    """It is not left to the next run of a script."""
    photo = put(place.input / "a.jpg")
    sandbox.set_faults({"kind": "status", "status": 503, "on": "upload", "times": 3})
    with place.start("--once") as daemon:
        daemon.wait_for("accepted", "a.jpg")
        photo.write_bytes(jpeg_of("red"))
        daemon.wait_for("published", "a.jpg")
    assert sandbox.counters()["executes_by_sha256"] == {hashlib.sha256(jpeg_of("red")).hexdigest(): 1}
