"""Sending a photo's source to Uploadcare: as it is, or as an upright or smaller copy, and only what was accepted."""

import asyncio
import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from cutoutd.config.choices import Oversize
from cutoutd.config.settings import LARGEST_UPLOAD_BYTES, FolderSettings
from cutoutd.core.errors import SupersededError
from cutoutd.core.photo import Photo, Uploaded
from cutoutd.files.source_file import open_source, reading_errors, require_same
from cutoutd.images import make_smaller, make_upright, require_size, validate
from cutoutd.images.memory_gate import run_exclusive
from cutoutd.uploadcare.client import UploadcareClient

#: What is sent has the photo's own size.
_SENT_WHOLE = Uploaded(source_uuid="")


@dataclass(frozen=True, slots=True)
class _UploadContent:
    """What goes out for a photo, and the fact that it will be, but for its UUID."""

    content: io.BufferedIOBase
    is_copy: bool = True
    fact: Uploaded = _SENT_WHOLE


async def upload_photo(photo: Photo, folder: FolderSettings, uploadcare: UploadcareClient) -> Uploaded:
    """Upload the photo, and make sure that what was sent is what was accepted; the answer is the fact to store.

    A crash here, or a refusal after sending, leaves an upload that nobody pays for and that expires after 24 hours.

    Raises:
        SupersededError: the file is not, or no longer, the accepted version.
        RejectedError: its copy is over the size limit, or its pixels cannot be decoded.
        DiskError, DelayError, HaltError, FailedError: as ``open_source`` and ``Uploadcare.upload_source`` say.
    """
    parcel = await run_exclusive(photo.identity.size_bytes, _pack, photo, folder)
    with parcel.content as content:
        size_bytes = content.seek(0, io.SEEK_END)
        content.seek(0)
        with reading_errors(folder.input, photo.identity):
            sent = await uploadcare.upload_source(content, name=_name(photo), size_bytes=size_bytes)
    await asyncio.to_thread(require_same, folder.input, photo.identity)
    if not parcel.is_copy:
        _require_accepted(sent.sha256, photo)
    return replace(parcel.fact, source_uuid=sent.uuid)


def _pack(photo: Photo, folder: FolderSettings) -> _UploadContent:
    file = open_source(folder.input, photo.identity)
    if photo.is_upright and not _is_oversize(photo, folder):
        return _UploadContent(file, is_copy=False)
    with file, reading_errors(folder.input, photo.identity):
        content = file.read(photo.identity.size_bytes + 1)
    _require_accepted(hashlib.sha256(content).hexdigest(), photo)
    return _copy(content, photo, folder)


def _is_oversize(photo: Photo, folder: FolderSettings) -> bool:
    """A folder that has come to reject large photos since then rejects those that come, not those accepted before."""
    most_bytes = folder.max_upload_bytes if folder.oversize is Oversize.SHRINK else LARGEST_UPLOAD_BYTES
    return photo.identity.size_bytes > most_bytes


def _copy(content: bytes, photo: Photo, folder: FolderSettings) -> _UploadContent:
    picture = validate(content, photo.identity.path)
    if not _is_oversize(photo, folder):
        upright = make_upright(content, picture)
        if folder.oversize is Oversize.REJECT:
            require_size(len(upright), folder.max_upload_bytes)
        if len(upright) <= folder.max_upload_bytes:
            return _UploadContent(io.BytesIO(upright))
    copy = make_smaller(content, picture, folder.max_upload_bytes)
    return _UploadContent(io.BytesIO(copy.content), fact=Uploaded("", copy.width, copy.height, copy.description))


def _require_accepted(sha256: str, photo: Photo) -> None:
    if sha256 != photo.picture.sha256:
        raise SupersededError("changed", f"{photo.identity.path} was changed while it was being sent")


def _name(photo: Photo) -> str:
    return PurePosixPath(photo.identity.path).name
