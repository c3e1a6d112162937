"""The client of systemd's notification protocol: ready, alive, stopping, and one line for ``systemctl status``.

The protocol is one datagram of NAME=value lines to the socket in NOTIFY_SOCKET (sd_notify(3)). Without that variable
nothing is sent. The callers decide when to send a state.
"""

import os
import socket
import time
from collections.abc import MutableMapping

#: The bound of one datagram, because photos must go on even if systemd hangs.
_SEND_TIMEOUT_S = 1.0


class SystemdNotifier:
    """Sends states to systemd, if it started us.

    Args:
        address: systemd's socket: a path, or a name in the abstract namespace after ``@``; empty: nothing is sent.
        watchdog_s: the longest time between two signs of life; None: systemd does not watch.
    """

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @property
    def is_listening(self) -> bool:
        """True if systemd listens."""
        return bool(self._address)

    def ready(self) -> None:
        """Report that the service is ready, so that units that wait for it start."""
        self._notify("READY=1")

    def reloading(self) -> None:
        """Report a reload, until the next ``ready``. sd_notify(3) wants the CLOCK_MONOTONIC time in microseconds."""
        now_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notify(
            "RELOADING=1", f"MONOTONIC_USEC={now_usec}", "STATUS=loading the changed configuration", "WATCHDOG=1"
        )

    def alive(self) -> None:
        """Restart the watchdog's time."""
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Report that the service stops."""
        self._notify("STOPPING=1", "STATUS=finishing the steps under way")

    def status(self, line: str) -> None:
        """Report a line for ``systemctl status``."""
        self._notify(f"STATUS={line}")

    def _notify(self, *assignments: str) -> None:
        if not self._address:
            return
        message = "\n".join(assignment.replace("\n", " ") for assignment in assignments)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_SEND_TIMEOUT_S)
                sender.sendto(message.encode("utf-8", "backslashreplace"), self._address)
        except OSError:
            return  # systemd notices a missing state by itself: its start or watchdog times out


def notifier_from(environ: MutableMapping[str, str]) -> SystemdNotifier:
    """Return the notifier for these variables, and remove them, because our child processes must not use them."""
    address = environ.pop("NOTIFY_SOCKET", "")
    usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    is_ours = not pid or pid == str(os.getpid())
    watchdog_s = int(usec) / 1_000_000 if usec.isdecimal() and int(usec) and is_ours else None
    return SystemdNotifier(address, watchdog_s)
