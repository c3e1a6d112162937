"""What systemd is told while the service runs: ready, alive, stopping, and one line for ``systemctl status``.

The protocol is one datagram of NAME=value lines to the socket in NOTIFY_SOCKET (sd_notify(3)). Without that variable
nothing is told and nobody minds. It decides nothing: when what is true is decided by whoever calls.
"""

import os
import socket
import time
from collections.abc import MutableMapping

#: systemd reads these datagrams in its own loop; should it hang, the photos go on.
_PATIENCE_S = 1.0


class SystemdNotifier:
    """The service manager, if it started us and wants to know.

    Args:
        address: its socket: a path, or a name in the abstract namespace after ``@``; empty, nothing is told.
        watchdog_s: within which time it wants to hear that we are alive; None, it does not.
    """

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @property
    def is_listening(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._address)

    def ready(self) -> None:
        """Whoever waits for the service to be started goes on."""
        self._notify("READY=1")

    def reloading(self) -> None:
        """Until the next ``tell_ready``; sd_notify(3) wants the moment by CLOCK_MONOTONIC, in microseconds."""
        now_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notify("RELOADING=1", f"MONOTONIC_USEC={now_usec}", "STATUS=taking up other settings", "WATCHDOG=1")

    def alive(self) -> None:
        """The watchdog's time starts anew."""
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        """No more news but the end."""
        self._notify("STOPPING=1", "STATUS=finishing the steps under way")

    def status(self, line: str) -> None:
        """One line for people."""
        self._notify(f"STATUS={line}")

    def _notify(self, *assignments: str) -> None:
        if not self._address:
            return
        message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_PATIENCE_S)
                sender.sendto(message.encode("utf-8", "backslashreplace"), self._address)
        except OSError:
            return  # it will ask in its own way: by a start or a watchdog that times out


def notifier_from(environ: MutableMapping[str, str]) -> SystemdNotifier:
    """Whom the environment names. The variables are taken out: a command that we start must not speak in our name."""
    address = environ.pop("NOTIFY_SOCKET", "")
    usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    is_meant = not pid or pid == str(os.getpid())
    watchdog_s = int(usec) / 1_000_000 if usec.isdecimal() and int(usec) and is_meant else None
    return SystemdNotifier(address, watchdog_s)
