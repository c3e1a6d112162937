"""The running cutoutd that was started with a configuration file, found without reading that file.

The kernel lists every Unix socket that a process listens on. Each cutoutd among them says which file it was started
with. So commands reach it also if the file has faults now, has moved its state folder, or is gone.
"""

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cutoutd.config.settings import CommonSettings, FolderSettings
from cutoutd.control.connection.client import decode_reply, exchange_at
from cutoutd.control.connection.socket import SOCKET_NAME, SYSTEM_ROOTS
from cutoutd.control.messages import INSTANCES, InstanceQuery, RunningInstance
from cutoutd.core.errors import ControlError

#: proc(5): one line for each Unix socket; the seventh field begins the path, the fourth holds the flags.
_KERNEL_LIST = Path("/proc/net/unix")

#: linux/net.h: a socket that takes connections.
_ACCEPTS_CONNECTIONS = 1 << 16

#: unix(7): process, user and group of the process that listens.
_CREDENTIALS = struct.Struct("3i")

_CONNECT_TIMEOUT_S = 2.0


def running_settings(config_file: Path | None) -> CommonSettings | None:
    """Return the settings in force of the running cutoutd that was started with the file; None if none is found.

    They hold what commands need: socket, state folder, folders, limits and prices. Blocking.

    Args:
        config_file: the file; None finds the only cutoutd that runs.
    """
    wanted = None if config_file is None else str(config_file.absolute())
    found = [each for each in _instances() if wanted in {None, each[1].config_file}]
    return _settings(*found[0]) if len(found) == 1 else None


def _instances() -> Iterator[tuple[Path, RunningInstance]]:
    for path in sorted(_listening()):
        if not _is_trusted(path):
            continue
        with suppress(ControlError, OSError):
            if (reply := exchange_at(path, InstanceQuery())) is not None:
                yield path, decode_reply(INSTANCES, reply)


def _listening() -> set[Path]:
    """Return the sockets that may be a cutoutd's by their names.

    Other programs must not get messages that they do not know.
    """
    paths = set()
    for line in _KERNEL_LIST.read_text(errors="surrogateescape").splitlines()[1:]:
        _, _, _, flags, _, _, _, *path = line.split(maxsplit=7)
        if path and path[0].startswith("/") and int(flags, 16) & _ACCEPTS_CONNECTIONS:
            paths.add(Path(path[0]))
    return {path for path in paths if path.name == SOCKET_NAME or "cutoutd" in str(path)}


def _is_trusted(path: Path) -> bool:
    """Return True if root, this user or a system service listens. Another user could only pretend to be cutoutd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        try:
            probe.connect(str(path))
            credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            folder = path.parent.stat()
        except OSError:
            return False
    _, user, _ = _CREDENTIALS.unpack(credentials)
    # Only root makes folders in the system's roots; one that all users may write to, like /run/lock, proves nothing.
    is_service = path.parent.parent in SYSTEM_ROOTS and not folder.st_mode & stat.S_IWOTH
    return user in {0, os.geteuid()} or is_service


def _settings(path: Path, instance: RunningInstance) -> CommonSettings:
    folders = tuple(
        FolderSettings(name=name, input=Path(input_), output=Path(output)) for name, input_, output in instance.folders
    )
    return CommonSettings(
        state_dir=Path(instance.state_dir),
        control_socket=path,
        folders=folders,
        limits=instance.limits,
        price=instance.price,
    )
