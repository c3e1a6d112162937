"""Pillow's warnings of odd metadata, kept off standard error, where nobody connects them with a photo.

Python's warning filters belong to the whole process. Pictures are read in several threads, and threads that each save
and restore the filters undo one another: a warning gets out, or all are off for ever. So they share one switch.
"""

import threading
import warnings


class Hush:
    """Warnings are off while anybody is inside; the last to leave restores the filters that the first one found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings(action="ignore")

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings(action="ignore")
                self._filters.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


HUSH = Hush()
