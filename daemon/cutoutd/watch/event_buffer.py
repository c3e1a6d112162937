"""The paths that kernel events named, coalesced and bounded. The watcher looks there before the next rescan.

Kernel threads add paths, the watcher takes them in its event loop. A flood does not grow a queue: past a bound, all
paths become one request for a whole scan. A lost event costs time, never a photo, because the scan finds it.
"""

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field

from cutoutd.watch.bounds import DEFAULT_BOUNDS, WatchBounds


@dataclass(slots=True)
class BufferedEvents:
    """The events since the last look."""

    files: dict[str, bool] = field(default_factory=dict)  #: by path: True if its writer closed it
    folders: set[str] = field(default_factory=set)  #: to be scanned with everything below them
    is_everything: bool = False  #: events were lost, or the root itself changed

    def outermost_folders(self) -> list[str]:
        """Return the folders to scan, without those inside another one of them."""
        if "" in self.folders:
            return [""]
        outermost: list[str] = []
        for folder in sorted(self.folders, key=lambda path: path.split("/")):
            if not outermost or not f"{folder}/".startswith(f"{outermost[-1]}/"):
                outermost.append(folder)
        return outermost


class EventBuffer:
    """The events of threads, for one event loop; create it inside that loop.

    Args:
        bounds: how many files and folders it holds.
    """

    def __init__(self, bounds: WatchBounds = DEFAULT_BOUNDS) -> None:
        self._bounds = bounds
        self._loop = asyncio.get_running_loop()
        self._has_events = asyncio.Event()
        self._lock = threading.Lock()
        self._events = BufferedEvents()
        self._is_wake_scheduled = False

    def add_file(self, path: str, *, is_closed: bool) -> None:
        """Add a file that appeared or that its writer closed; from any thread."""
        with self._lock:
            files = self._events.files
            files[path] = is_closed or files.get(path, False)
            if len(files) > self._bounds.max_buffered_files:
                files.clear()
                self._events.is_everything = True
        self._wake()

    def add_folder(self, path: str) -> None:
        """Add a folder that appeared, perhaps with many files in it; from any thread."""
        with self._lock:
            self._events.folders.add(path)
            if len(self._events.folders) > self._bounds.max_buffered_folders:
                self._events.folders.clear()
                self._events.is_everything = True
        self._wake()

    def add_everything(self) -> None:
        """Request a whole scan, because the changes are unknown; from any thread."""
        with self._lock:
            self._events.is_everything = True
        self._wake()

    def take(self) -> BufferedEvents:
        """Return all events so far, and empty the buffer."""
        with self._lock:
            taken, self._events = self._events, BufferedEvents()
            self._is_wake_scheduled = False
            self._has_events.clear()
        return taken

    def take_files(self) -> dict[str, bool]:
        """Return the files only; folders and the request for a whole scan stay for later."""
        with self._lock:
            taken, self._events.files = self._events.files, {}
        return taken

    async def wait(self, timeout_s: float) -> None:
        """Return as soon as there are events, or after ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._has_events.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        """Wake the loop once for many events, because its own queue must not grow in a flood either."""
        with self._lock:
            if self._is_wake_scheduled:
                return
            self._is_wake_scheduled = True
            with contextlib.suppress(RuntimeError):  # the loop was closed at this moment
                self._loop.call_soon_threadsafe(self._has_events.set)
