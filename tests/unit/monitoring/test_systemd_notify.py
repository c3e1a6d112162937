"""sd_notify: what a service manager hears, by either kind of socket."""

import os
import socket
from pathlib import Path

import pytest

from cutoutd.monitoring.systemd_notify import SystemdNotifier, notifier_from


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_a_service_manager_hears_all(tmp_path: Path, kind: str) -> None:
    """Ready, alive, a status line and stopping, each as one datagram, to a path or an abstract name."""
    name = f"cutoutd-test-{os.getpid()}"
    path = str(tmp_path / "notify")
    environ = {"NOTIFY_SOCKET": f"@{name}" if kind == "abstract" else path, "WATCHDOG_USEC": "3000000", "HOME": "/"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if kind == "abstract" else path)
        systemd = notifier_from(environ)
        assert (systemd.is_listening, systemd.watchdog_s) == (True, 3.0)
        systemd.ready()
        systemd.alive()
        systemd.status("1 waiting\nREADY=1")
        systemd.stopping()
        heard = [manager.recv(4096).decode() for _ in range(4)]
    assert heard[:3] == ["READY=1", "WATCHDOG=1", "STATUS=1 waiting READY=1"]
    assert heard[3].startswith("STOPPING=1\nSTATUS=")
    assert environ == {"HOME": "/"}


def test_without_systemd_nothing_is_told(tmp_path: Path) -> None:
    """No socket named, or one that nobody reads any more: the photos go on."""
    for systemd in (notifier_from({}), SystemdNotifier(str(tmp_path / "gone"))):
        systemd.ready()
        systemd.alive()
    assert not notifier_from({}).is_listening


def test_another_process_watchdog_is_not_ours() -> None:
    """WATCHDOG_PID names whom systemd watches: a child that inherited the variables is not meant."""
    assert notifier_from({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert notifier_from({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}).watchdog_s == 3.0
    assert notifier_from({"WATCHDOG_USEC": "soon"}).watchdog_s is None
