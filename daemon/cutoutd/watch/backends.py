"""How each part of one tree is watched: kernel events where they can be had, polling where not, and why.

Decided anew at every scan, because mounts come and go and limits are raised: a tree that fell back to polling returns
to events by itself. It scans nothing; the scan tells it of each folder, the watcher asks what is to be polled.
"""

import logging
import os
from pathlib import Path
from threading import Lock

from cutoutd.config.choices import WatchMode
from cutoutd.core.logs import log_event
from cutoutd.files.mounts import MOUNT_TABLE, Backend, BackendKind, Mount, backend_of, choose_backends, parse_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.event_buffer import EventBuffer
from cutoutd.watch.inotify import KernelEvents, limit_reason
from cutoutd.watch.scanner import FolderSeen


class BackendSet:
    """The backends of one tree, with its kernel events.

    Args:
        root: the input tree.
        mode: the configured choice.
        exclusions: what is not to be heard of.
    """

    def __init__(self, root: Path, mode: WatchMode, exclusions: Exclusions) -> None:
        self._root = root
        self._mode = mode
        self._exclusions = exclusions
        self._kernel: KernelEvents | None = None
        self._refusal: OSError | None = None  #: what the kernel refused since the scan began
        self._refusal_said = ""
        self._chosen: tuple[Backend, ...] = ()
        self._closing = Lock()  #: a scan's thread may begin to listen in the moment in which all is closed
        self._is_closed = False
        self.backends: tuple[Backend, ...] = ()  #: in force since the last scan

    def begin(self, hints: EventBuffer | None) -> None:
        """A scan begins; blocking. Without a place for hints nothing will be listened to."""
        self._refusal = None
        self._chosen = choose_backends(_real_path(self._root), _present_mounts(), self._mode)
        has_events = any(backend.kind is BackendKind.EVENTS for backend in self._chosen)
        with self._closing:
            if has_events and hints is not None and self._kernel is None and not self._is_closed:
                try:
                    self._kernel = KernelEvents(hints, self._exclusions.covers)
                except OSError as error:
                    self._refusal = error

    def arm(self, folder: FolderSeen) -> None:
        """Listen to a folder before it is listed; once the kernel refused, it is not asked again in this scan."""
        kernel = self._kernel
        if kernel is None or self._refusal is not None:
            return
        if backend_of(folder.path, self._chosen).kind is BackendKind.EVENTS:
            try:
                kernel.arm(folder)
            except FileNotFoundError:
                return  # removed meanwhile: nothing to listen to
            except OSError as error:
                self._refusal = error

    def conclude(self, folders: int) -> None:
        """The scan has ended, having met so many folders; those that it did not meet are no longer listened to."""
        if self._kernel is not None:
            self._kernel.disarm_unseen()
        if self._refusal is None:
            self.backends, self._refusal_said = self._chosen, ""
            return
        reason = limit_reason(self._refusal, folders)
        self.backends = tuple(_polled(backend, reason) for backend in self._chosen)
        if reason != self._refusal_said:
            log_event("events_refused", f"{self._root} is polled: {reason}", level=logging.WARNING)
            self._refusal_said = reason

    @property
    def polled(self) -> set[str]:
        """The parts of the tree that raise no events."""
        return {backend.path for backend in self.backends if backend.kind is BackendKind.POLLING}

    @property
    def is_deaf(self) -> bool:
        """Whether kernel events are relied on and their reader has died."""
        return self._kernel is not None and self._kernel.is_deaf

    def close(self) -> None:
        """Stop listening, for good."""
        with self._closing:
            self._is_closed = True
            if self._kernel is not None:
                self._kernel.close()
                self._kernel = None


def _present_mounts() -> tuple[Mount, ...]:
    try:
        return parse_mounts(os.fsdecode(MOUNT_TABLE.read_bytes()))
    except OSError:
        return ()


def _polled(backend: Backend, reason: str) -> Backend:
    return Backend(backend.path, BackendKind.POLLING, reason) if backend.kind is BackendKind.EVENTS else backend


def _real_path(root: Path) -> Path:
    try:
        return root.resolve()
    except (OSError, RuntimeError):
        return root  # a loop of links, which Python 3.11 calls a RuntimeError; the scan finds nothing there either
