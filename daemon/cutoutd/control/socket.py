"""Where the control socket is: found by both ends, made and removed by the one who holds the ledger.

Who may connect is who may write to the file: its owner and group. A kernel takes at most 107 bytes for a socket's path,
so longer ones are reached through an open folder, as /proc/self/fd/N/NAME.
"""

import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.config.settings import Common
from cutoutd.core.errors import ControlError

SOCKET_NAME = "control.sock"

#: Where systemd makes a service's StateDirectory= and RuntimeDirectory= (systemd.exec(5)).
_STATES = Path("/var/lib")
_RUNTIMES = Path("/run")

#: unix(7): sun_path holds 108 bytes, the last of them a zero.
_MOST_BYTES = 107

_OWNER_AND_GROUP = 0o660

_BACKLOG = 16

#: How long a socket that was found is given to answer.
_PROBE_S = 2.0


def place_to_listen(settings: Common, environ: Mapping[str, str]) -> Path:
    """Where the daemon makes the socket: as configured, else where systemd gave it a folder, else beside the ledger."""
    if settings.control_socket is not None:
        return settings.control_socket
    # systemd.exec(5): several folders are separated by colons.
    runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(runtime, SOCKET_NAME) if runtime else settings.state_dir / SOCKET_NAME


def place_to_ask(settings: Common) -> Path:
    """Where a command finds it: a socket that lies in systemd's folder has a link beside the ledger.

    Whoever may not look there finds systemd's folder by the name that our units give both.
    """
    if settings.control_socket is not None:
        return settings.control_socket
    if settings.state_dir.parent == _STATES and not os.access(settings.state_dir, os.X_OK, effective_ids=True):
        return _RUNTIMES / settings.state_dir.name / SOCKET_NAME
    return settings.state_dir / SOCKET_NAME


@contextmanager
def listening_socket(place: Path, link: Path) -> Iterator[socket.socket]:
    """A socket that listens at ``place``, with a link to it at ``link`` if that is elsewhere; both go with the block.

    The caller holds the ledger, so a socket that is there already belongs to a daemon that was killed, and is replaced.
    A crash leaves such a one.

    Raises:
        ControlError: it cannot be made, or another program listens there.
    """
    try:
        listener = _listen(place)
    except OSError as error:
        raise ControlError(f"the control socket {place} cannot be made: {error.strerror or error}") from error
    made = place.stat()
    try:
        with listener:
            _point(link, place)
            yield listener
    finally:
        # By now somebody else's may stand there: another instance's, or what a person put in its place.
        for file in [file for file in {place, link} if _leads_to(file, made)]:
            with suppress(OSError):
                file.unlink()


@contextmanager
def reachable(place: Path) -> Iterator[str]:
    """A path of the socket that the kernel takes.

    Raises:
        OSError: its folder cannot be looked into.
    """
    if len(os.fsencode(place)) <= _MOST_BYTES:
        yield str(place)
        return
    folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{place.name}"
    finally:
        os.close(folder)


def _listen(place: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with reachable(place) as path:
            _remove_stale(place, path)
            listener.bind(path)
        # Nobody can connect before listen, so there is no moment in which the file says more than it should.
        place.chmod(_OWNER_AND_GROUP)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _leads_to(file: Path, made: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), made)
    except OSError:
        return False


def _remove_stale(place: Path, path: str) -> None:
    """Take a dead socket away; what is no socket stays, and ``bind`` says that it is there."""
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        place.unlink()  # an earlier run's, see _point
    if not stat.S_ISSOCK(mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            place.unlink()


def _point(link: Path, place: Path) -> None:
    """Without the link commands do not find the socket, but it works for those who are told where it is."""
    if link == place:
        return
    with suppress(OSError):
        link.unlink(missing_ok=True)
        link.symlink_to(place)
