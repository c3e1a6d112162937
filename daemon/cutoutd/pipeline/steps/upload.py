"""The upload of a photo: of its file as it is, or of an upright or smaller copy; only of the accepted version."""

import hashlib
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES, FolderSettings
from cutoutd.config.types.choices import Oversize
from cutoutd.core.blocking import calls_to, local_calls
from cutoutd.core.errors import CutoutdError, RejectedError, RejectionCode, SupersededError
from cutoutd.core.photo import SENT_WHOLE, Photo, Uploaded
from cutoutd.files.input_tree import open_source, reading_errors, require_unchanged
from cutoutd.images.copies.orientation import make_upright
from cutoutd.images.copies.shrink import make_smaller
from cutoutd.images.picture_memory import SMALLER_COPY, UPRIGHT_COPY, picture_memory
from cutoutd.images.structure.mending import mended
from cutoutd.images.structure.orientation import UPRIGHT
from cutoutd.images.validation import validate
from cutoutd.uploadcare.client import UploadcareClient

#: A turned copy is at most so many times as large as its photo.
_MOST_GROWTH = 2

#: The upload has the photo's own size.
_OWN_SIZE = Uploaded(source_uuid="")


@dataclass(frozen=True, slots=True)
class _UploadContent:
    """The content of an upload, and the fact to store about it, still without its UUID."""

    content: io.BufferedIOBase
    size_bytes: int
    is_copy: bool = True
    fact: Uploaded = _OWN_SIZE


async def upload_photo(
    photo: Photo,
    folder: FolderSettings,
    uploadcare: UploadcareClient,
    note_unwanted: Callable[[str], Awaitable[None]],
) -> Uploaded:
    """Upload the photo, check that the sent bytes are the accepted ones, and return the fact to store.

    A crash leaves an unpaid upload that expires after 24 hours. ``note_unwanted`` gets the UUID of an upload that turns
    out to be of no use.

    Raises:
        SupersededError: the file is not, or no longer, the accepted version.
        RejectedError: its copy is over the size limit, or its pixels cannot be decoded.
        DiskError, DelayError, HaltError, FailedError: as ``open_source`` and ``Uploadcare.upload_source`` say.
    """
    calls = calls_to(folder.input)
    upload = await picture_memory.run_at(calls, _need(photo, folder), partial(_pack, photo, folder))
    try:
        with reading_errors(folder.input, photo.identity):
            name, calls_for_content = PurePosixPath(photo.identity.path).name, local_calls if upload.is_copy else calls
            sent = await uploadcare.upload_source(
                upload.content, name=name, size_bytes=upload.size_bytes, calls=calls_for_content
            )
    finally:
        calls.begin(upload.content.close)  # in a thread, because closing a file of a dead share hangs too
    try:
        await calls.run(require_unchanged, folder.input, photo.identity)
        if not upload.is_copy:
            _require_accepted(sent.sha256, photo)
    except CutoutdError:
        await note_unwanted(sent.uuid)
        raise
    return replace(upload.fact, source_uuid=sent.uuid)


def expected_rule(size_bytes: int, folder: FolderSettings, *, needs_copy: bool) -> int:
    """Return the rule by which a photo will be sent: with all its pixels, or within so many bytes.

    It is a part of what makes duplicates; the upload stores the one that came true.
    """
    may_grow_over = needs_copy and size_bytes * _MOST_GROWTH > folder.max_upload_bytes
    return folder.max_upload_bytes if size_bytes > _most_bytes(folder) or may_grow_over else SENT_WHOLE


def _need(photo: Photo, folder: FolderSettings) -> int:
    """Return the memory that packing takes, in bytes: none if the file is sent as it is."""
    if _is_oversize(photo, folder):
        return SMALLER_COPY * photo.picture.pixels + photo.identity.size_bytes
    if photo.picture.orientation != UPRIGHT:
        return UPRIGHT_COPY * photo.picture.pixels + photo.identity.size_bytes
    return 2 * photo.identity.size_bytes if photo.needs_copy else 0


def _pack(photo: Photo, folder: FolderSettings) -> _UploadContent:
    file = open_source(folder.input, photo.identity)
    if not photo.needs_copy and not _is_oversize(photo, folder):
        size_bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        return _UploadContent(file, size_bytes, is_copy=False)
    with file, reading_errors(folder.input, photo.identity):
        content = file.read(photo.identity.size_bytes + 1)
    _require_accepted(hashlib.sha256(content).hexdigest(), photo)
    # Mended, because a strict reader at the service would else refuse a picture with sound pixels.
    return _copy(mended(content), photo, folder)


def _is_oversize(photo: Photo, folder: FolderSettings) -> bool:
    """Return True if the photo is too large to be sent as it is.

    Changing `oversize` to reject affects new photos only; photos accepted earlier are still shrunk and sent.
    """
    return photo.identity.size_bytes > _most_bytes(folder)


def _most_bytes(folder: FolderSettings) -> int:
    """Return the size above which a photo is not sent as it is."""
    return folder.max_upload_bytes if folder.oversize is Oversize.SHRINK else LARGEST_UPLOAD_BYTES


def _copy(content: bytes, photo: Photo, folder: FolderSettings) -> _UploadContent:
    picture = validate(content, photo.identity.path)
    if not _is_oversize(photo, folder):
        try:
            upright = make_upright(content, picture, folder.max_upload_bytes)
        except RejectedError as error:
            if error.code is not RejectionCode.TOO_LARGE or folder.oversize is Oversize.REJECT:
                raise
        else:
            if not upright.is_lossier:
                return _UploadContent(io.BytesIO(upright.content), len(upright.content))
            fact = Uploaded("", sent_as=upright.description, sent_within=folder.max_upload_bytes)
            return _UploadContent(io.BytesIO(upright.content), len(upright.content), fact=fact)
    copy = make_smaller(content, picture, folder.max_upload_bytes)
    fact = Uploaded("", copy.width, copy.height, copy.description, sent_within=folder.max_upload_bytes)
    return _UploadContent(io.BytesIO(copy.content), len(copy.content), fact=fact)


def _require_accepted(sha256: str, photo: Photo) -> None:
    if sha256 != photo.picture.sha256:
        raise SupersededError("changed", f"{photo.identity.path} was changed while it was being sent")
