"""Kernel events (inotify) for the folders of one tree: armed one by one as the scan meets them, heard as hints.

Of watchdog its inotify instance is used (one reading thread, one callback a folder), not its recursive observer, for
what that one cannot do (read in watchdog 7.1): it swallows a watch limit hit below the root, so part of a tree would
be deaf without a word; it watches junk and excluded folders and other mounts too; it makes an event object for every
file of a folder moved in; and it holds all events back for half a second whenever one file is moved out.

Only folders are watched. Nothing here decides what a file is; the watcher looks where a hint points.

What the kernel's inotify limits are called, and the line that raises the one that was hit.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from cutoutd.files.name_filters import is_candidate, is_junk
from cutoutd.watch.event_buffer import EventBuffer
from cutoutd.watch.scanner import FolderSeen

_LIMITS = Path("/proc/sys/fs/inotify")
#: Room for the folders that other programs and the coming months need: a limit raised twice is a nuisance.
_ROOM = 2


def limit_reason(error: OSError, folders: int) -> str:
    """Why events are not used, with the command that brings them back.

    Args:
        error: what the kernel said.
        folders: how many folders the tree has, each of which needs a watch.
    """
    if error.errno == errno.ENOSPC:
        return _sentence("max_user_watches", folders * _ROOM)
    if error.errno == errno.EMFILE:
        return _sentence("max_user_instances", 128)
    return f"the kernel refused events: {error.strerror}"


def _sentence(limit: str, more: int) -> str:
    present = _present(limit)
    raised = 1 << (present + more - 1).bit_length()
    what = limit.removeprefix("max_user_")
    return f"the limit of {present} inotify {what} is used up; raise it: sysctl fs.inotify.{limit}={raised}"


def _present(limit: str) -> int:
    try:
        return int((_LIMITS / limit).read_text())
    except (OSError, ValueError):
        return 0  # the line is then reckoned from the tree alone


#: CLOSE_WRITE and MOVED_TO say that a file is done; CREATE tells of new folders, and of files linked in, which nobody
#: closes. The folder's own going away matters for the root, whose successor of the same name needs new watches.
_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
)
_ROOT_GONE = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF | InotifyConstants.IN_UNMOUNT


class KernelEvents:
    """The armed folders of one tree.

    Folders are known by device and inode, so one that is moved inside the tree keeps its watch and takes its new path,
    and one re-created under an old name is armed anew.

    Args:
        hints: where what was heard is left.
        is_excluded: whether the user excluded a path.

    Raises:
        OSError: ``EMFILE``, this user has no inotify instance left (fs.inotify.max_user_instances).
    """

    def __init__(self, hints: EventBuffer, is_excluded: Callable[[str], bool]) -> None:
        self._hints = hints
        self._is_excluded = is_excluded
        self._armed: dict[tuple[int, int], _ArmedFolder] = {}
        self._seen: set[tuple[int, int]] = set()
        self._inotify = InotifyFD()
        self._inotify.start()

    def arm(self, folder: FolderSeen) -> None:
        """Listen to a folder that the scan is about to list; one that is armed already only takes its present path.

        Raises:
            OSError: ``ENOSPC``, the limit of watches is reached (fs.inotify.max_user_watches), or the folder is gone.
        """
        identity = (folder.device, folder.inode)
        self._seen.add(identity)
        armed = self._armed.get(identity)
        if armed is not None:
            armed.path = folder.path
            return
        fresh = _ArmedFolder(self, identity, folder.path)
        self._armed[identity] = fresh
        try:
            # By its descriptor: along its path, somebody may have put a link to a folder outside of the tree meanwhile.
            where = os.fsencode(f"/proc/self/fd/{folder.descriptor}/.")
            fresh.descriptor = self._inotify.add_callback(where, _MASK, fresh, fresh.number)
        except OSError:
            self.forget(fresh)
            raise

    def disarm_unseen(self) -> None:
        """After a scan of the whole tree: stop listening to folders that it did not meet (they were moved away)."""
        unseen = [folder for identity, folder in list(self._armed.items()) if identity not in self._seen]
        for folder in unseen:
            self.forget(folder)
        self._inotify.remove_callbacks([(folder.descriptor, folder.number) for folder in unseen])
        self._seen.clear()

    def forget(self, folder: "_ArmedFolder") -> None:
        """The folder is gone or the watch was never set; its successor of the same number keeps its own."""
        if self._armed.get(folder.identity) is folder:
            del self._armed[folder.identity]

    @property
    def is_deaf(self) -> bool:
        """Whether the reading thread has ended, which nothing but ``close`` should end."""
        return not self._inotify.is_alive()

    @property
    def folders(self) -> int:
        """How many folders are listened to."""
        return len(self._armed)

    def close(self) -> None:
        """Stop listening; blocking, until the reading thread has ended."""
        self._inotify.stop()
        self._inotify.join()

    def hear(self, folder: str, event: InotifyEvent) -> None:
        """Turn an event into a hint, if it can be about a photo; runs in the reading thread."""
        if not event.name:
            if not folder and event.mask & _ROOT_GONE:
                self._hints.add_everything()
            return
        name = os.fsdecode(event.name)
        path = f"{folder}/{name}" if folder else name
        if event.is_directory:
            if (event.is_create or event.is_moved_to) and not is_junk(name) and not self._is_excluded(path):
                self._hints.add_folder(path)
        elif is_candidate(name) and not self._is_excluded(path):
            self._hints.add_file(path, is_closed=event.is_close_write or event.is_moved_to)

    def hear_loss(self) -> None:
        """The kernel's queue ran over, so events were lost."""
        self._hints.add_everything()


class _ArmedFolder:
    """What watchdog calls with the events of one folder."""

    def __init__(self, events: KernelEvents, identity: tuple[int, int], path: str) -> None:
        self._events = events
        self.identity = identity
        self.path = path
        self.descriptor = WatchDescriptor(-1)

    @property
    def number(self) -> CallbackId:
        """What watchdog knows this callback by."""
        return CallbackId(id(self))

    def on_event(self, event: InotifyEvent) -> None:
        if event.is_delete_self:
            # Before the hint: the scan that follows may meet a new folder with the very same inode number.
            self._events.forget(self)
        self._events.hear(self.path, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002 - the signature is watchdog's
        self._events.forget(self)

    def on_queue_overflow(self) -> None:
        self._events.hear_loss()
