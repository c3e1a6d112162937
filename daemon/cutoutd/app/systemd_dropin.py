"""The systemd drop-in that opens the configured folders to the service, for the command ``systemd-dropin``.

Everything is read-only in the service's mount namespace, and each folder opened for writing is a mount of its own. Such
a mount disappears with its folder, so the drop-in opens the parent folder. A folder that is made again, or a share that
is mounted again, then appears in the service as well. Owners and modes still decide about access.
"""

import grp
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from cutoutd.config.settings import ConfigurationFile, FolderSettings
from cutoutd.config.types.choices import OnSuccess
from cutoutd.core.logs import printable

#: systemd makes and opens this folder by itself (StateDirectory=).
_STATE_DIR = Path("/var/lib/cutoutd")

#: Folders that are never opened as a whole, because they hold far more than photos.
_SYSTEM_FOLDERS = frozenset(
    map(Path, ("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/sys", "/usr"))
) | {Path("/var"), Path("/var/lib"), Path("/var/log"), Path("/run/user")}

#: The folders and the port that the unit itself opens.
_PROGRAM_FOLDERS = tuple(map(Path, ("/usr", "/bin", "/lib", "/lib64", "/opt")))
_UNIT_PORT = 8717

_HOME_FOLDERS = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY_FOLDERS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  because the unit hides them


def render_dropin(document: ConfigurationFile, source: Path) -> str:
    """Return the text of a drop-in for the unit that runs this configuration, read from ``source``."""
    lines = (
        f"# Made from {printable(str(source))} by: cutoutd systemd-dropin",
        "# Make it again when folders change, then: systemctl daemon-reload && systemctl restart cutoutd",
        "[Service]",
        *_lines("ReadWritePaths", sorted(set(_writable_paths(document)))),
        *_lines(
            "SupplementaryGroups", sorted({group for path in _photo_paths(document) for group in _groups_for(path)})
        ),
        *_visibility_settings(document),
        *_port_settings(document),
        *_program_settings(document),
    )
    return "\n".join(lines) + "\n"


def _writable_paths(document: ConfigurationFile) -> Iterator[str]:
    """Yield outputs, and inputs with photos that are moved or removed afterwards; other inputs are only read."""
    for path in written_trees(document.folders):
        parent = path.resolve().parent
        yield _quoted(path.resolve() if parent in _SYSTEM_FOLDERS else parent)
    if document.state_dir != _STATE_DIR:
        yield _quoted(document.state_dir)


def written_trees(folders: Iterable[FolderSettings]) -> Iterator[Path]:
    """Yield the trees that the service changes."""
    for folder in folders:
        yield folder.output
        if folder.on_success is not OnSuccess.KEEP:
            yield folder.input
        if folder.on_success is OnSuccess.MOVE and folder.archive is not None:
            yield folder.archive


def _photo_paths(document: ConfigurationFile) -> Iterator[Path]:
    for folder in document.folders:
        yield folder.input
        yield from written_trees((folder,))


def _groups_for(path: Path) -> Iterator[str]:
    """Yield the groups that give access to a folder and to its parents."""
    for step in (path, *path.parents):
        try:
            seen = step.stat()
        except OSError:
            continue
        is_open = seen.st_mode & stat.S_IXOTH and (step != path or seen.st_mode & stat.S_IWOTH)
        if seen.st_gid != 0 and seen.st_mode & stat.S_IXGRP and not is_open:
            yield _name_of(seen.st_gid)


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _visibility_settings(document: ConfigurationFile) -> Iterator[str]:
    paths = [path.resolve() for path in (*_photo_paths(document), document.state_dir)]
    if any(path.is_relative_to(home) for path in paths for home in _HOME_FOLDERS):
        yield "# A folder lies in a home, which the unit would hide; homes are readable at most."
        yield "ProtectHome=read-only"
    if any(path.is_relative_to(folder) for path in paths for folder in _TEMPORARY_FOLDERS):
        yield "# A folder lies among temporary files, of which the unit would have its own."
        yield "PrivateTmp=no"


def _port_settings(document: ConfigurationFile) -> Iterator[str]:
    listen = document.web.listen
    if listen is not None and listen.port != _UNIT_PORT:
        yield "# The page has another port than the unit opens."
        yield f"SocketBindAllow=tcp:{listen.port}"


def _program_settings(document: ConfigurationFile) -> Iterator[str]:
    """Yield the place of a notification command that the unit would not run."""
    words = document.notify.command
    found = shutil.which(words[0]) if words else None
    if found is None:
        return
    program = Path(os.path.abspath(found))  # noqa: PTH100  links stay, because the unit is asked for the name
    paths = {path for path in (program, program.resolve()) if not any(map(path.is_relative_to, _PROGRAM_FOLDERS))}
    if paths:
        yield "# notify.command lies where the unit runs no programs."
        yield from _lines("ExecPaths", map(_quoted, sorted(paths)))


def _lines(name: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield f"{name}={value}"


def _quoted(path: Path) -> str:
    """Return the path in the form of systemd.syntax(7): with escapes, and in quotes if it has spaces."""
    text = os.fspath(path).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    text = "".join(char if char.isprintable() else _as_bytes(char) for char in text)
    return f'"{text}"' if any(char.isspace() or char in "\"'\\" for char in text) else text


def _as_bytes(char: str) -> str:
    """Return a character that could end the line in the form of systemd.syntax(7)."""
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
