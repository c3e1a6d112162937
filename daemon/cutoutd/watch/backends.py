"""The way in which each part of a tree is watched, and why: kernel events where they work, else polling.

It is decided anew at every scan, because mounts come and go and limits are raised. So a polled tree returns to events
without a restart. This module scans nothing; the scan reports each folder to it.
"""

import logging
from pathlib import Path
from threading import Lock

from cutoutd.config.types.choices import WatchMode
from cutoutd.core.logs import log_event
from cutoutd.files.mounts import Backend, BackendKind, Mount, backend_of, choose_backends, read_mounts
from cutoutd.files.name_filters import Exclusions
from cutoutd.watch.inotify import EventBuffer, KernelEvents, limit_reason
from cutoutd.watch.scanner import FolderSeen


class BackendSet:
    """The backends of one tree, with its kernel events.

    Args:
        root: the input tree.
        mode: the configured choice.
        exclusions: the paths without events.
    """

    def __init__(self, root: Path, mode: WatchMode, exclusions: Exclusions) -> None:
        self._root = root
        self._mode = mode
        self._exclusions = exclusions
        self._kernel: KernelEvents | None = None
        self._refusal: OSError | None = None  #: the refusal of the kernel in this scan
        self._logged_refusal = ""
        self._chosen: tuple[Backend, ...] = ()
        self._closing = Lock()  #: because the thread of a scan may start the events while they are closed
        self._is_closed = False
        self.backends: tuple[Backend, ...] = ()  #: in force since the last scan

    def begin_scan(self, events: EventBuffer | None) -> None:
        """Prepare for a scan. Blocking. Without a buffer for events, no folder gets a watch."""
        self._refusal = None
        self._chosen = choose_backends(_real_path(self._root), _present_mounts(), self._mode)
        has_events = any(backend.kind is BackendKind.EVENTS for backend in self._chosen)
        with self._closing:
            if has_events and events is not None and self._kernel is None and not self._is_closed:
                try:
                    self._kernel = KernelEvents(events, self._exclusions.covers)
                except OSError as error:
                    self._refusal = error

    def arm(self, folder: FolderSeen) -> None:
        """Watch a folder before it is listed. After a refusal the kernel is not asked again in this scan."""
        kernel = self._kernel
        if kernel is None or self._refusal is not None:
            return
        if backend_of(folder.path, self._chosen).kind is BackendKind.EVENTS:
            try:
                kernel.arm(folder)
            except FileNotFoundError:
                return  # removed meanwhile
            except OSError as error:
                self._refusal = error

    def finish_scan(self, folders: int) -> None:
        """Put the backends in force, after a scan of so many folders; folders that it did not meet lose their watch."""
        if self._kernel is not None:
            self._kernel.disarm_unseen()
        if self._refusal is None:
            self.backends, self._logged_refusal = self._chosen, ""
            return
        reason = limit_reason(self._refusal, folders)
        self.backends = tuple(_polled(backend, reason) for backend in self._chosen)
        if reason != self._logged_refusal:
            log_event("events_refused", f"{self._root} is polled: {reason}", level=logging.WARNING)
            self._logged_refusal = reason

    @property
    def polled(self) -> set[str]:
        """The parts of the tree without kernel events."""
        return {backend.path for backend in self.backends if backend.kind is BackendKind.POLLING}

    @property
    def has_died(self) -> bool:
        """True if the tree relies on kernel events and their reader has ended."""
        return self._kernel is not None and self._kernel.has_died

    def close(self) -> None:
        """Stop all kernel events, for good."""
        with self._closing:
            self._is_closed = True
            if self._kernel is not None:
                self._kernel.close()
                self._kernel = None


def _present_mounts() -> tuple[Mount, ...]:
    try:
        return read_mounts()
    except OSError:
        return ()


def _polled(backend: Backend, reason: str) -> Backend:
    return Backend(backend.path, BackendKind.POLLING, reason) if backend.kind is BackendKind.EVENTS else backend


def _real_path(root: Path) -> Path:
    try:
        return root.resolve()
    except (OSError, RuntimeError):
        return root  # a loop of links (a RuntimeError in Python 3.11), in which the scan finds nothing either
