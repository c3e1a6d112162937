"""Kernel events (inotify) for the folders of one tree, and the buffer from which the watcher takes them.

The scan arms the folders one by one as it meets them. The inotify instance of watchdog is used: one reading thread, one
callback a folder. Its recursive observer is not (read in watchdog 7.1), because

- it swallows a watch limit below the root: a part of the tree would silently have no events;
- it watches junk, excluded folders and other mounts too;
- it makes an event object for every file of a folder that is moved in;
- it holds all events back for half a second whenever one file is moved out.

Only folders are watched. This module does not judge files; the watcher looks where an event points.

The buffer is bounded, so a flood does not grow a queue. Past a bound, all paths become one request for a whole scan. A
lost event costs time, never a photo, because the scan finds it.
"""

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from cutoutd.files.name_filters import is_candidate, is_junk_folder
from cutoutd.watch.bounds import DEFAULT_BOUNDS, WatchBounds
from cutoutd.watch.scanner import FolderSeen

_LIMITS = Path("/proc/sys/fs/inotify")

#: Room for other programs and for new folders, because raising a limit twice is a nuisance.
_ROOM = 2

#: CLOSE_WRITE and MOVED_TO mean that a file is done. CREATE tells of new folders, and of linked files, which are never
#: closed. ATTRIB tells of times, owners and rights that are set after the last byte. The removal of the folder itself
#: matters for the root: a new root of the same name needs new watches.
_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
)
_ROOT_GONE = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF | InotifyConstants.IN_UNMOUNT


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
        """Add a file that appeared, changed its attributes, or was closed by its writer; from any thread."""
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


class KernelEvents:
    """The armed folders of one tree.

    A folder is known by device and inode. One that is moved inside the tree keeps its watch and takes its new path. One
    that is created again under an old name is armed anew.

    Args:
        buffer: takes the events.
        is_excluded: returns True for a path that the user excluded.

    Raises:
        OSError: ``EMFILE``, this user has no inotify instance left (fs.inotify.max_user_instances).
    """

    def __init__(self, buffer: EventBuffer, is_excluded: Callable[[str], bool]) -> None:
        self._buffer = buffer
        self._is_excluded = is_excluded
        self._armed: dict[tuple[int, int], _ArmedFolder] = {}
        self._seen: set[tuple[int, int]] = set()
        self._inotify = InotifyFD()
        self._inotify.start()

    def arm(self, folder: FolderSeen) -> None:
        """Watch a folder that the scan is about to list; an armed one only takes its present path.

        Raises:
            OSError: ``ENOSPC``, no watches are left (fs.inotify.max_user_watches); or the folder is gone.
        """
        identity = (folder.device, folder.inode)
        self._seen.add(identity)
        armed = self._armed.get(identity)
        if armed is not None:
            armed.path = folder.path
            return
        added = _ArmedFolder(self, identity, folder.path)
        self._armed[identity] = added
        try:
            # By its descriptor, because a link on its path could by now lead out of the tree.
            where = os.fsencode(f"/proc/self/fd/{folder.descriptor}/.")
            added.descriptor = self._inotify.add_callback(where, _MASK, added, added.number)
        except OSError:
            self.forget(added)
            raise

    def disarm_unseen(self) -> None:
        """Drop the watches of folders that the last whole scan did not meet: they were moved away."""
        unseen = [folder for identity, folder in list(self._armed.items()) if identity not in self._seen]
        for folder in unseen:
            self.forget(folder)
        self._inotify.remove_callbacks([(folder.descriptor, folder.number) for folder in unseen])
        self._seen.clear()

    def forget(self, folder: "_ArmedFolder") -> None:
        """Forget a folder that is gone or was never watched; its successor with the same inode keeps its own watch."""
        if self._armed.get(folder.identity) is folder:
            del self._armed[folder.identity]

    @property
    def has_died(self) -> bool:
        """True if the reading thread has ended, which only ``close`` should do."""
        return not self._inotify.is_alive()

    @property
    def folders(self) -> int:
        """The number of armed folders."""
        return len(self._armed)

    def close(self) -> None:
        """Stop all watches. Blocking until the reading thread has ended."""
        self._inotify.stop()
        self._inotify.join()

    def on_event(self, folder: str, event: InotifyEvent) -> None:
        """Put an event into the buffer, if it can be about a photo; in the reading thread."""
        if not event.name:
            if not folder and event.mask & _ROOT_GONE:
                self._buffer.add_everything()
            return
        name = os.fsdecode(event.name)
        path = f"{folder}/{name}" if folder else name
        if event.is_directory:
            if (event.is_create or event.is_moved_to) and not is_junk_folder(name) and not self._is_excluded(path):
                self._buffer.add_folder(path)
        elif is_candidate(name) and not self._is_excluded(path):
            self._buffer.add_file(path, is_closed=event.is_close_write or event.is_moved_to)

    def on_loss(self) -> None:
        """Request a whole scan, because the kernel's queue ran over."""
        self._buffer.add_everything()


class _ArmedFolder:
    """The callback of watchdog for one folder."""

    def __init__(self, events: KernelEvents, identity: tuple[int, int], path: str) -> None:
        self._events = events
        self.identity = identity
        self.path = path
        self.descriptor = WatchDescriptor(-1)

    @property
    def number(self) -> CallbackId:
        """The identity of this callback for watchdog."""
        return CallbackId(id(self))

    def on_event(self, event: InotifyEvent) -> None:
        if event.is_delete_self:
            # Before the event, because the scan that follows may meet a new folder with the same inode number.
            self._events.forget(self)
        self._events.on_event(self.path, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002 - the signature is watchdog's
        self._events.forget(self)

    def on_queue_overflow(self) -> None:
        self._events.on_loss()


def limit_reason(error: OSError, folders: int, limits: Path = _LIMITS) -> str:
    """Return why events are not used, with the command that brings them back.

    Args:
        error: the refusal of the kernel.
        folders: the number of folders in the tree, each of which needs a watch.
        limits: the folder with the limits of the kernel.
    """
    if error.errno == errno.ENOSPC:
        return _sentence(limits / "max_user_watches", folders * _ROOM)
    if error.errno == errno.EMFILE:
        return _sentence(limits / "max_user_instances", 128)
    return f"the kernel refused events: {error.strerror}"


def _sentence(limit: Path, more: int) -> str:
    present = _present(limit)
    raised = 1 << (present + more - 1).bit_length()
    things = limit.name.removeprefix("max_user_")
    return f"the limit of {present} inotify {things} is used up; raise it: sysctl fs.inotify.{limit.name}={raised}"


def _present(limit: Path) -> int:
    try:
        return int(limit.read_text())
    except (OSError, ValueError):
        return 0  # so only the tree counts
