"""The record of what one folder passes over now. It logs what is new, and what has ended."""

import logging
import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from cutoutd.core.logs import log_event
from cutoutd.files.input_tree import open_folder_beneath
from cutoutd.files.mounts import is_at_or_below
from cutoutd.watch.passed_over.notes import MAX_NOTED, PassedOverNotes
from cutoutd.watch.passed_over.passed_over import PassedOver, PassedOverReason, passed_over_of


class PassedOverRecord:
    """The files and folders that one folder passes over now.

    Args:
        folder: its name.
        root: its input tree.
    """

    def __init__(self, folder: str, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._notes = PassedOverNotes()
        self.present: tuple[PassedOver, ...] = ()  #: by reason

    def update(self, notes: PassedOverNotes) -> None:
        """Take the notes of a whole scan."""
        self._put(notes)

    def update_below(self, folder: str, notes: PassedOverNotes) -> None:
        """Take the notes of a scan of one folder of the tree."""
        self._update_some(partial(is_at_or_below, folder=folder), notes)

    def update_files(self, paths: Collection[str], notes: PassedOverNotes) -> None:
        """Take the notes about some files."""
        self._update_some(paths.__contains__, notes)

    def mended_folders(self) -> set[str]:
        """Return the folders to scan because something in them can be read again, or is gone. Blocking."""
        mended = set()
        for path in self._notes.paths(PassedOverReason.UNREADABLE):
            try:
                os.close(open_folder_beneath(self._root, path))
                mended.add(path)
            except FileNotFoundError:
                mended.add(path.rpartition("/")[0])
            except OSError:
                continue
        return mended

    def _update_some(self, is_replaced: Callable[[str], bool], notes: PassedOverNotes) -> None:
        if not (self._notes.is_empty and notes.is_empty):
            self._put(self._notes.replaced(is_replaced, notes))

    def _put(self, notes: PassedOverNotes) -> None:
        """Keep the notes, and log the difference."""
        before, self._notes = self._notes, notes
        former = {item.reason: item for item in self.present}
        self.present = self._notes.of(self._folder)
        for item in self.present:
            earlier, known = former.pop(item.reason, None), set(before.paths(item.reason))
            new = [path for path in self._notes.paths(item.reason) if path not in known]
            if item.count > MAX_NOTED:
                # Only the number tells, because the noted paths may be others each time.
                if earlier is None or item.count > earlier.count:
                    self._log(item)
            elif new:
                self._log(passed_over_of(self._folder, item.reason, new, len(new), item.cause))
        for reason in former:
            self._log_end(reason)

    def _log(self, item: PassedOver) -> None:
        if not item.reason.is_by_setting:
            level = logging.WARNING if item.reason.may_hide_photos else logging.INFO
            log_event("passed_over", f"{item.sentence}. {item.advice}", level=level)

    def _log_end(self, reason: PassedOverReason) -> None:
        if not reason.is_by_setting:
            log_event("passed_over_ended", f'nothing in "{self._folder}" is passed over any more as {reason}')
