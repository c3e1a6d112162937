"""Where to look sooner than at the next rescan: what the kernel told, coalesced and bounded.

Kernel threads put hints in, the watcher takes them out in its event loop. A flood never grows a queue: past a bound all
hints become one, "look everywhere". Losing one costs time, never a photo, because the scan finds whatever is there.
"""

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field

MAX_FILES = 10_000
MAX_FOLDERS = 500


@dataclass(slots=True)
class BufferedEvents:
    """What was heard since the last time."""

    files: dict[str, bool] = field(default_factory=dict)  #: path, and whether its writer is done with it
    folders: set[str] = field(default_factory=set)  #: to be scanned with all that is below them
    is_everything: bool = False  #: hints were lost, or the root itself changed: scan the whole tree

    def outermost_folders(self) -> list[str]:
        """The folders to scan, without those that lie in another one of them."""
        if "" in self.folders:
            return [""]
        outermost: list[str] = []
        for folder in sorted(self.folders, key=lambda path: path.split("/")):
            if not outermost or not f"{folder}/".startswith(f"{outermost[-1]}/"):
                outermost.append(folder)
        return outermost


class EventBuffer:
    """Where threads leave hints for one event loop; make it inside that loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._has_hints = asyncio.Event()
        self._lock = threading.Lock()
        self._hints = BufferedEvents()
        self._is_ringing = False

    def add_file(self, path: str, *, is_closed: bool) -> None:
        """A file appeared, or its writer closed it; for any thread."""
        with self._lock:
            files = self._hints.files
            files[path] = is_closed or files.get(path, False)
            if len(files) > MAX_FILES:
                files.clear()
                self._hints.is_everything = True
        self._ring()

    def add_folder(self, path: str) -> None:
        """A folder appeared, perhaps with much in it already; for any thread."""
        with self._lock:
            self._hints.folders.add(path)
            if len(self._hints.folders) > MAX_FOLDERS:
                self._hints.folders.clear()
                self._hints.is_everything = True
        self._ring()

    def add_everything(self) -> None:
        """Nobody knows what changed; for any thread."""
        with self._lock:
            self._hints.is_everything = True
        self._ring()

    def take(self) -> BufferedEvents:
        """All hints so far; the box is empty afterwards."""
        with self._lock:
            taken, self._hints = self._hints, BufferedEvents()
            self._is_ringing = False
            self._has_hints.clear()
        return taken

    def take_files(self) -> dict[str, bool]:
        """The files alone; folders and the rest stay for a calmer moment."""
        with self._lock:
            taken, self._hints.files = self._hints.files, {}
        return taken

    async def wait(self, timeout_s: float) -> None:
        """Return as soon as there are hints, or after ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._has_hints.wait()
        except TimeoutError:
            return

    def _ring(self) -> None:
        """Wake the loop once, not once a hint: its own queue must not grow in a flood either."""
        with self._lock:
            if self._is_ringing:
                return
            self._is_ringing = True
            with contextlib.suppress(RuntimeError):  # the loop was closed this moment: nobody is left to wake
                self._loop.call_soon_threadsafe(self._has_hints.set)
