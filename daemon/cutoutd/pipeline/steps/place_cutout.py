"""A cutout on its way to its mirrored path: downloaded, verified, placed atomically, and never over a foreign file.

The steps: download to a temporary file beside the target, hash, verify, fsync, rename, fsync the folder. A crash before
the rename leaves a temporary file that the next start removes. A crash after it leaves the finished cutout. The
repeated step then finds the very bytes that it was about to write.

A sound PNG with unexpected properties gets a note, and is published all the same, because it was paid for.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from io import BufferedReader
from itertools import chain
from pathlib import Path, PurePosixPath

from cutoutd.config.types.choices import Provenance
from cutoutd.core.blocking import calls_to
from cutoutd.core.errors import FolderBlockedError, PlaceError
from cutoutd.core.logs import log_event
from cutoutd.core.photo import Photo, Published, require_value
from cutoutd.files.hashing import sha256_of
from cutoutd.files.output_tree import Guard, OpenFolder, disk_errors, found_folder, is_refusal, name_refused
from cutoutd.files.target_names import beside, plain, portable, spare_targets_of
from cutoutd.files.unfinished import Writer, writer_of
from cutoutd.pipeline.steps.delivery.doubts import doubts_about
from cutoutd.pipeline.steps.delivery.download import DownloadedCutout, DownloadRequest, Fetch, download_cutout
from cutoutd.pipeline.steps.delivery.replaced_cutouts import replaced_cutouts


def place(draft: DownloadedCutout, names: Iterable[str], own_cutouts: frozenset[str]) -> str:
    """Give a download the first of these names that is free or holds our own cutout; return its target. Blocking.

    `own_cutouts` are the SHA-256 of the files that were published for this photo before: such a file is replaced. So is
    a file that equals the download, because a crash came between rename and fact. Any other file stays.

    Raises:
        NameRefusedError: the file system takes no file of such a name.
        PlaceError: no target could be written; the download is gone and will be repeated.
    """
    names = iter(names)
    wanted = next(names)
    first = draft.output / draft.target_of(wanted)
    with disk_errors(first), found_folder(draft.output, draft.file) as folder:
        try:
            for name in chain([wanted], names):
                if _is_placed(folder, draft, name, own_cutouts | {draft.sha256}):
                    return draft.target_of(name)
        finally:
            with suppress(OSError):  # because on a read-only disk the next start removes it
                folder.remove(PurePosixPath(draft.file).name)
    raise PlaceError(f"every name for the cutout is taken by other files, the first is {first}")


def _is_placed(folder: OpenFolder, draft: DownloadedCutout, name: str, own: frozenset[str]) -> bool:
    temporary = PurePosixPath(draft.file).name
    try:
        if not folder.rename_or_link(temporary, name):
            _say_unheard(draft.output)
    except FileExistsError:
        return folder.replace_if_ours(temporary, name, partial(_own_sha256, own, draft.sha256))
    except OSError as error:
        if is_refusal(error, name) and folder.has_file(temporary):
            raise name_refused(draft.output, draft.target_of(name)) from error
        raise
    return True


@cache
def _say_unheard(output: Path) -> None:
    """Say once for each output that its file system has no rename that replaces nothing."""
    sentence = f"cutouts in {output} get their names by hard links: programs there that wait for moved files miss them"
    log_event("moves_unheard", sentence)


def _own_sha256(own: frozenset[str], new: str, file: BufferedReader) -> str | None:
    """Return the SHA-256 of a cutout of our own, else None; it is kept for a while, unless it is the new one."""
    # A file that a person is retouching at this moment is no longer our own.
    if writer_of(file.fileno()) is Writer.PRESENT:
        return None
    sha256 = sha256_of(file)
    if sha256 in own and sha256 != new:
        replaced_cutouts.keep(sha256, file)
    return sha256 if sha256 in own else None


async def publish_cutout(
    photo: Photo,
    fetch: Fetch,
    own_cutouts: frozenset[str],
    provenance: Provenance = Provenance.XATTR,
    guard: Guard | None = None,
) -> Published:
    """Download, verify and place a photo's cutout; return the fact to store.

    `own_cutouts` are the SHA-256 of the files that were published for earlier versions of the photo. Only such a file
    may be replaced. If another file stands there, or the user retouched ours, the cutout goes to a spare place.

    Raises:
        ResultDamagedError: no whole PNG arrived.
        NameRefusedError: the file system takes no such name; the paid cutout has to get another one.
        PlaceError: the output tree cannot be written for now.
    """
    output, target = require_value(photo.bound.output), require_value(photo.bound.target)
    request = DownloadRequest(photo, Path(output), target, provenance, guard)
    try:
        draft = await download_cutout(request, fetch)
    except FolderBlockedError:
        aside = beside(request.target)
        if aside == request.target:
            raise
        # because an earlier cutout has the name of this one's folder
        draft = await download_cutout(replace(request, target=aside), fetch)
    # Spares are as safe as the target, because a refused one would be of no use.
    form = plain if plain(target) == target else portable
    targets = chain([request.target], map(form, spare_targets_of(photo.identity.path)))
    names = (PurePosixPath(target).name for target in targets)
    return _published(photo, draft, await calls_to(request.output).run(place, draft, names, own_cutouts))


def _published(photo: Photo, draft: DownloadedCutout, target: str) -> Published:
    doubts = doubts_about(photo, draft.header)
    notes = [photo.note, photo.upload.sent_as, *(stated.clause for stated in doubts)]
    if target != photo.bound.target:
        notes.append(f"another file stood at {photo.bound.target}, so the cutout went to {target}")
    return Published(
        cutout_sha256=draft.sha256,
        cutout_bytes=draft.size_bytes,
        target=target,
        note="; ".join(filter(None, notes)) or None,
        doubt=doubts[0].doubt if doubts else None,
    )
