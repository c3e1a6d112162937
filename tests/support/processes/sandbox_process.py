"""A sandbox as a real process, for tests that drive it over TCP.

Starts ``python -m cutoutd.sandbox`` on a free port, waits for its first line, and speaks to its control routes.
"""

import hashlib
import hmac
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from support.servers.ports import free_port

READY = "sandbox ready at "
SOURCE_ROOT = Path(__file__).parents[3] / "daemon"
REST_TYPE = "application/vnd.uploadcare-v0.7+json"
PUBLIC_KEY = "sandboxpublickey"
SECRET_KEY = "sandboxsecretkey"  # noqa: S105 - the sandbox's published default
Upload = Callable[..., str]
Launch = Callable[..., str]
Finish = Callable[[str], dict[str, Any]]
Cut = Callable[..., bytes]
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the system's certificates costs more than most tests
FAST = ("--engine", "border", "--processing-time", "0.05")


class Signature(httpx2.Auth):
    """Signs REST requests as the published description says, with neither the sandbox's code nor pyuploadcare's.

    Args:
        secret: The key to sign with; a wrong one to be refused.
        date: The ``Date`` to claim; null takes the present.
        ahead_s: How far the client's clock is ahead.
    """

    requires_request_body = True

    def __init__(self, secret: str = SECRET_KEY, date: str | None = None, ahead_s: float = 0) -> None:
        self._secret = secret
        self._ahead_s = ahead_s
        self._date = date

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add ``Date`` and ``Authorization``."""
        date = formatdate(time.time() + self._ahead_s, usegmt=True) if self._date is None else self._date
        md5 = hashlib.md5(request.content, usedforsecurity=False).hexdigest()
        uri = request.url.raw_path.decode()
        text = "\n".join((request.method, md5, request.headers.get("content-type", ""), date, uri))
        signature = hmac.new(self._secret.encode(), text.encode(), "sha1").hexdigest()
        request.headers["Date"] = date
        request.headers["Authorization"] = f"Uploadcare {PUBLIC_KEY}:{signature}"
        yield request


def wait_for_removal(rest: httpx2.Client, request_id: str) -> dict[str, Any]:
    """Poll until a removal has ended and return the last answer; TimeoutError after twenty seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = rest.get("/addons/remove_bg/execute/status/", params={"request_id": request_id})
        status: dict[str, Any] = answer.json()
        if status["status"] != "in_progress":
            return status
        time.sleep(0.02)  # the service offers nothing to wait on but its status
    raise TimeoutError(request_id)


class SandboxProcess:
    """One sandbox; a context manager that stops it at the end.

    Args:
        state_dir: Its memory; the same folder again continues where it was.
        options: Further command line arguments, after ``FAST``: a later one wins, e.g. ``"--engine", "grabcut"``.
    """

    def __init__(self, state_dir: Path, *options: str) -> None:
        self._state_dir = state_dir
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._port = free_port()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process to look at."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, on the same port as before if it ran already; returns when it takes connections."""
        place = ("--port", str(self._port), "--state-dir", str(self._state_dir))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cutoutd.sandbox", *place, *FAST, *self._options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT)},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            self.kill()
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.url = line.removeprefix(READY).strip()

    def stop(self) -> None:
        """End it with SIGTERM and wait."""
        if self._process is not None:
            self._process.terminate()
            self._reap()

    def kill(self) -> None:
        """End it with SIGKILL and wait."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def restart(self, *options: str) -> None:
        """Stop and start it on the same port and state, with other options if any are given."""
        self.stop()
        self._options = options or self._options
        self.start()

    def client(self, auth: httpx2.Auth | None = None) -> httpx2.Client:
        """An HTTP client whose requests are signed REST requests; the caller closes it."""
        headers = {"Accept": REST_TYPE}
        return httpx2.Client(
            base_url=self.url, auth=auth or Signature(), headers=headers, verify=NO_TLS, trust_env=False, timeout=60
        )

    def unsigned_client(self) -> httpx2.Client:
        """An HTTP client for the Upload API and the CDN; the caller closes it."""
        return httpx2.Client(base_url=self.url, verify=NO_TLS, trust_env=False, timeout=60)

    def counters(self) -> dict[str, Any]:
        """``GET /_sandbox/counters``."""
        counters = self._control("GET", "counters")
        assert isinstance(counters, dict)
        return counters

    def clear_counters(self) -> None:
        """Count from zero."""
        self._control("DELETE", "counters")

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each struck."""
        faults = self._control("GET", "faults")
        assert isinstance(faults, list)
        return faults

    def set_faults(self, *faults: Mapping[str, object]) -> None:
        """Replace the faults in force."""
        self.clear_faults()
        self.add_faults(*faults)

    def add_faults(self, *faults: Mapping[str, object]) -> None:
        """Put further faults in force."""
        self._control("POST", "faults", list(faults))

    def clear_faults(self) -> None:
        """Let everything go well."""
        self._control("DELETE", "faults")

    def move_clock(self, offset_s: float) -> None:
        """Set the sandbox's distance from real time."""
        self._control("POST", "clock", {"offset_s": offset_s})

    def _control(self, method: str, name: str, body: object = None) -> object:
        answer = httpx2.request(
            method, f"{self.url}_sandbox/{name}", json=body, timeout=60, verify=NO_TLS, trust_env=False
        )
        assert answer.is_success, answer.text
        return answer.json()

    def _reap(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None
