"""What systemd must let the service reach, said by its configuration: the drop-in that ``systemd-dropin`` prints.

In the service's mount namespace everything is read-only, and a folder that is opened for writing is a mount of its own
there. Such a mount is gone with its folder, so the folder *above* is opened: then one that is removed and made anew, or
a share that is unmounted and mounted again, is there for the service as for everybody else. Who may write what inside
is still up to owners and modes.
"""

import grp
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from cutoutd.config.choices import OnSuccess
from cutoutd.config.settings import ConfigurationFile, FolderSettings

#: systemd makes it and opens it by itself (StateDirectory=).
_STATE_DIR = Path("/var/lib/cutoutd")

#: Opening one of these as a whole would open far more than photos.
_SYSTEM = frozenset(
    map(Path, ("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/sys", "/usr"))
) | {Path("/var"), Path("/var/lib"), Path("/var/log"), Path("/run/user")}

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  named because the unit hides them


def render_dropin(document: ConfigurationFile, source: Path) -> str:
    """The text of a drop-in for the unit that runs this configuration, read from ``source``."""
    lines = (
        f"# Made from {source} by: cutoutd systemd-dropin",
        "# Make it anew when folders change, then: systemctl daemon-reload && systemctl restart cutoutd",
        "[Service]",
        *_setting("ReadWritePaths", sorted(set(_opened(document)))),
        *_setting("SupplementaryGroups", sorted({group for path in _shared(document) for group in _groups_for(path)})),
        *_unhidden(document),
    )
    return "\n".join(lines) + "\n"


def _opened(document: ConfigurationFile) -> Iterator[str]:
    """Outputs, and inputs whose photos are moved or removed afterwards; others need only reading."""
    for path in written_trees(document.folders):
        above = path.resolve().parent
        yield _quoted(path.resolve() if above in _SYSTEM else above)
    if document.state_dir != _STATE_DIR:
        yield _quoted(document.state_dir)


def written_trees(folders: Iterable[FolderSettings]) -> Iterator[Path]:
    """The trees that the service changes."""
    for folder in folders:
        yield folder.output
        if folder.on_success is not OnSuccess.KEEP:
            yield folder.input
        if folder.on_success is OnSuccess.MOVE and folder.archive is not None:
            yield folder.archive


def _shared(document: ConfigurationFile) -> Iterator[Path]:
    for folder in document.folders:
        yield folder.input
        yield from written_trees((folder,))


def _groups_for(path: Path) -> Iterator[str]:
    """The groups that open a folder, and those above it, to others than their owner."""
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


def _unhidden(document: ConfigurationFile) -> Iterator[str]:
    paths = [path.resolve() for path in (*_shared(document), document.state_dir)]
    if any(path.is_relative_to(home) for path in paths for home in _HOMES):
        yield "# A folder lies in a home, which the unit hides otherwise; homes are readable at most."
        yield "ProtectHome=read-only"
    if any(path.is_relative_to(folder) for path in paths for folder in _TEMPORARY):
        yield "# A folder lies where programs keep temporary files, of which the unit has its own otherwise."
        yield "PrivateTmp=no"


def _setting(name: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield f"{name}={value}"


def _quoted(path: Path) -> str:
    """As systemd.syntax(7) wants it: specifiers and quotes escaped, the whole in quotes where it has spaces."""
    text = os.fspath(path).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if any(char.isspace() or char in "\"'\\" for char in text) else text
