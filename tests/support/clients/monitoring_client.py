"""What monitoring asks a running daemon, and Prometheus' own tools where this machine has them."""

import re
import shutil
import subprocess

import pytest

from support.clients import http_requests
from support.processes.daemon_process import DaemonProcess

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="this machine has no promtool")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="this machine has no prometheus")

_SERIES = re.compile(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def address(daemon: DaemonProcess) -> str:
    """Where the daemon last said that it listens."""
    daemon.wait_for("listening")
    line = [line for line in daemon.lines if line.action == "listening"][-1]
    found = re.search(r"http://\S+", line.message)
    assert found
    return found.group()


def metrics(url: str) -> dict[str, float]:
    """What ``/metrics`` tells, by series."""
    return {series: float(value) for series, value in _SERIES.findall(http_requests.get(f"{url}/metrics").text)}


def promtool(*arguments: str, given: str | None = None) -> str:
    """What promtool finds fault with; empty for nothing."""
    ended = subprocess.run(["promtool", *arguments], input=given, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 and not ended.stderr else ended.stdout + ended.stderr
