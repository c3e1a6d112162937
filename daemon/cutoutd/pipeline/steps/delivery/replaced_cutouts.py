"""Cutouts that were just replaced: kept open for a while, because a photo of the same picture may come next.

Photos that are renamed in a row, or swap their names, each replace the cutout that the next one needs. An open file
keeps its content without a name, so nothing is left behind, and a stop ends it all.
"""

import os
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from io import BufferedReader

#: Longer than it takes to discover the files of one renaming. An open file keeps its disk from being unmounted.
KEPT_FOR_S = 120.0

#: A process may have 1,024 open files.
_MOST_FILES = 128


class ReplacedCutouts:
    """The latest replaced cutouts, by their SHA-256."""

    def __init__(self, kept_for_s: float = KEPT_FOR_S) -> None:
        self._kept_for_s = kept_for_s
        self._kept: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, sha256: str, file: BufferedReader) -> None:
        """Keep the content of an open cutout that is about to be replaced."""
        with suppress(OSError), self._lock:  # because without it, at worst, one more removal is paid for
            self._close(self._kept.pop(sha256, None))
            self._kept[sha256] = (os.dup(file.fileno()), time.monotonic())
            if len(self._kept) > _MOST_FILES:
                self._close(self._kept.popitem(last=False)[1])

    def open(self, sha256: str) -> BufferedReader | None:
        """Open a kept cutout anew; None if it is not kept. Its content may have changed. Blocking."""
        with suppress(OSError), self._lock:
            if sha256 in self._kept:
                return open(f"/proc/self/fd/{self._kept[sha256][0]}", "rb")  # noqa: PTH123 - a descriptor, no path
        return None

    def drop_old(self) -> None:
        """Close the cutouts that were kept long enough."""
        with self._lock:
            while self._kept and time.monotonic() - next(iter(self._kept.values()))[1] >= self._kept_for_s:
                self._close(self._kept.popitem(last=False)[1])

    @staticmethod
    def _close(kept: tuple[int, float] | None) -> None:
        if kept is not None:
            with suppress(OSError):
                os.close(kept[0])


#: Those of the process.
replaced_cutouts = ReplacedCutouts()
