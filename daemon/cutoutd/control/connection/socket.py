"""The control socket's file. Both ends find it; the process that holds the ledger makes and removes it.

The file's owner and group may connect. The kernel takes at most 107 bytes for a socket's path. Therefore longer paths
are reached through an open folder, as /proc/self/fd/N/NAME.
"""

import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cutoutd.config.settings import CommonSettings
from cutoutd.core.errors import ControlError

SOCKET_NAME = "control.sock"

#: systemd makes a service's StateDirectory= and RuntimeDirectory= in these folders (systemd.exec(5)).
_STATE_ROOT = Path("/var/lib")
_RUNTIME_ROOT = Path("/run")
SYSTEM_ROOTS = frozenset({_STATE_ROOT, _RUNTIME_ROOT})

#: unix(7): sun_path holds 108 bytes, the last of them a zero.
_MAX_PATH_BYTES = 107

_OWNER_AND_GROUP = 0o660

_BACKLOG = 16

#: A socket that exists already must answer within this time.
_PROBE_TIMEOUT_S = 2.0


def server_socket_path(settings: CommonSettings, environ: Mapping[str, str]) -> Path:
    """Return the path at which the daemon makes the socket.

    It is the configured one, else it is in systemd's runtime folder, else beside the ledger.
    """
    if settings.control_socket is not None:
        return settings.control_socket
    # systemd.exec(5): several folders are separated by colons.
    runtime = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(runtime, SOCKET_NAME) if runtime else settings.state_dir / SOCKET_NAME


def client_socket_path(settings: CommonSettings, state_root: Path = _STATE_ROOT) -> Path:
    """Return the path at which a command finds the socket; beside the ledger, it may be a link to it.

    A user that may not read the state folder is led to the runtime folder: our units give both one name.
    """
    if settings.control_socket is not None:
        return settings.control_socket
    if settings.state_dir.parent == state_root and not os.access(settings.state_dir, os.X_OK, effective_ids=True):
        return _RUNTIME_ROOT / settings.state_dir.name / SOCKET_NAME
    return settings.state_dir / SOCKET_NAME


@contextmanager
def listening_socket(path: Path, link: Path) -> Iterator[socket.socket]:
    """Listen at ``path`` while the block runs, with a link to it at ``link`` if that is another path.

    The caller holds the ledger. Therefore a socket that exists already was left by a killed daemon, and is replaced.

    Raises:
        ControlError: the socket cannot be made, or another program listens there.
    """
    try:
        listener = _listen(path)
    except OSError as error:
        raise ControlError(f"the control socket {path} cannot be made: {error.strerror or error}") from error
    made = path.stat()
    try:
        with listener:
            _make_link(link, path)
            yield listener
    finally:
        # Remove only our own files, because another instance or the user may have replaced them since.
        for file in [file for file in {path, link} if _is_file(file, made)]:
            with suppress(OSError):
                file.unlink()


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Yield a path of the socket that is short enough for the kernel.

    Raises:
        OSError: the socket's folder cannot be opened.
    """
    if len(os.fsencode(path)) <= _MAX_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(path) as short:
            _remove_stale(path, short)
            listener.bind(short)
        # Set the mode before listen, else every user could connect for a moment.
        path.chmod(_OWNER_AND_GROUP)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_file(file: Path, made: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), made)
    except OSError:
        return False


def _remove_stale(path: Path, short: str) -> None:
    """Remove a dead socket. Another kind of file stays, and ``bind`` then fails with the reason."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        path.unlink()  # an earlier run's link, see _make_link
    if not stat.S_ISSOCK(mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(short)
        except ConnectionRefusedError:
            path.unlink()


def _make_link(link: Path, path: Path) -> None:
    """Make the link; without it only commands with ``control_socket`` set find the socket."""
    if link == path:
        return
    with suppress(OSError):
        link.unlink(missing_ok=True)
        link.symlink_to(path)
