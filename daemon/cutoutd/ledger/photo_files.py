"""Changes to what the ledger knows about the files of photos, here and at Uploadcare."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from cutoutd.core.photo import Identity, Photo, SourceOutcome, require_value
from cutoutd.ledger.group_commit import WriteCall
from cutoutd.ledger.writes import marks, remote_files, targets
from cutoutd.ledger.writes.remote_files import FileKind, NotedFile


class PhotoFiles:
    """Stores what became of files; reached as ``ledger.files``."""

    def __init__(self, write: WriteCall) -> None:
        self._write = write

    async def move_input(self, folder: str, before: str, now: str) -> None:
        """Store that a folder's input tree has moved, with every photo in it, page by page.

        A crash in the middle leaves photos of both inputs; the repeated call moves the others.
        """
        after_id: int | None = 0
        while after_id is not None:
            move = partial(marks.move_input, folder=folder, before=before, now=now, after_id=after_id)
            after_id = await self._write(move)

    async def mark_source_done(self, photo: Photo, outcome: SourceOutcome | None) -> None:
        """Store that on_success needs nothing more for a published photo, and its outcome if there is one."""
        await self._write(lambda transaction: marks.mark_source_done(transaction, photo, outcome, time.time()))

    async def approve_cutout(self, photo: Photo) -> None:
        """Store that a person approved a doubtful cutout, so that on_success may see to its source."""
        await self._write(lambda transaction: marks.approve_cutout(transaction, photo, time.time()))

    async def mark_source_missing(self, photo_ids: Collection[int], at_s: float | None) -> None:
        """Store since when the sources of these photos are missing; None: they are there again."""
        await self._write(lambda transaction: marks.mark_source_missing(transaction, photo_ids, at_s))

    async def replace_target(self, photo: Photo, safer: Sequence[str]) -> Photo:
        """Return the photo with the first of these targets that is free, because its disk refused the one it had.

        Raises:
            RejectedError: every one of them is taken.
        """
        output = require_value(photo.bound.output)
        target = await self._write(
            lambda transaction: targets.replace_target(transaction, photo.identity, output, safer)
        )
        return replace(photo, bound=replace(photo.bound, target=target))

    async def mark_touched(self, photo_ids: Collection[int]) -> None:
        """Store that the files of these photos have other times or inodes, so that they have to be compared."""
        await self._write(lambda transaction: marks.mark_touched(transaction, photo_ids, time.time()))

    async def unmark_touched(self, photo: Photo) -> None:
        """Store that a photo's file has not to be compared any more."""
        await self._write(lambda transaction: marks.mark_touched(transaction, [photo.id], None))

    async def learn_ctimes(self, ctimes_ns: Mapping[int, int]) -> None:
        """Store the present ctimes of photos, by photo, where none was known; their files count as unchanged."""
        await self._write(lambda transaction: marks.learn_ctimes(transaction, ctimes_ns))

    async def refresh_version(self, photo: Photo, identity: Identity) -> None:
        """Store the present times and inode of a photo's file, which was compared."""
        await self._write(lambda transaction: marks.refresh_version(transaction, photo, identity))

    async def note_unwanted_upload(self, photo: Photo, uuid: str) -> None:
        """Store that an upload of this photo is of no use, so that it is deleted at Uploadcare."""
        file = NotedFile(uuid, FileKind.SOURCE, is_spent=True)
        await self._write(lambda transaction: remote_files.note(transaction, photo.id, file, time.time()))

    async def mark_cleaned(self, uuids: Collection[str]) -> None:
        """Store that these files are deleted at Uploadcare."""
        await self._write(lambda transaction: remote_files.mark_cleaned(transaction, uuids))

    async def mark_kept(self, result_uuids: Collection[str]) -> None:
        """Store that Uploadcare was told to store these results."""
        await self._write(lambda transaction: marks.mark_kept(transaction, result_uuids))
