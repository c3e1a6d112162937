"""People who save a file in the very moment in which the product replaces, removes or copies it."""

import hashlib
import os
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from cutoutd.core import linux_calls
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.set_aside import SWAP_PREFIX

_EXCHANGE = 2


_exchange, _rename = linux_calls._RENAMEAT2, os.rename


class World(Protocol):
    """What the hands need to know of their world."""

    root: Path
    retouched: dict[Path, str]


class Hands:
    """The moments; `install` puts them into the system calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.are_saving = False  #: True: over a cutout that is about to be replaced or removed
        self.scribbled_on: Path | None = None  #: a cutout that is written to while another file is made

    def install(self) -> None:
        """Replace the calls until the process ends."""
        linux_calls._RENAMEAT2 = self._exchange_names  # type: ignore[assignment]
        os.rename = self._rename_file  # type: ignore[assignment]

    def note_creation(self, path: Any) -> None:
        """Write into a cutout, in place, because a draft of another one was just made."""
        cutout = self.scribbled_on
        if cutout is None or not cutout.is_file() or TEMPORARY_PREFIX not in os.fsdecode(path):
            return
        self.scribbled_on = None
        with Image.open(cutout) as picture:
            size = picture.size
        with cutout.open("r+b") as file:
            Image.new("RGBA", size, (255, 0, 0, 128)).save(file, "PNG")
            file.truncate()
        self._note(cutout)

    def _exchange_names(self, fd: int, name: bytes, new_fd: int, new: bytes, flag: int) -> int:
        assert _exchange is not None
        if flag == _EXCHANGE:
            self._save(fd, new)
        return _exchange(fd, name, new_fd, new, flag)

    def _rename_file(self, name: Any, new: Any, **fds: Any) -> None:
        is_draft = TEMPORARY_PREFIX in os.fsdecode(name)
        if SWAP_PREFIX in os.fsdecode(new) and not is_draft:
            self._save(fds["src_dir_fd"], os.fsencode(name))
        _rename(name, new, **fds)

    def _save(self, fd: int, name: bytes) -> None:
        """Save a file over this one, as programs do that write a new one first."""
        place = Path(f"/proc/self/fd/{fd}").readlink() / os.fsdecode(name)
        if not self.are_saving or place in self._world.retouched:
            return
        part = place.with_name(f"part-{place.name}")
        part.write_bytes(f"retouched {place.name}".encode())
        _rename(part, place)
        self._note(place)

    def _note(self, place: Path) -> None:
        self._world.retouched[place] = hashlib.sha256(place.read_bytes()).hexdigest()
