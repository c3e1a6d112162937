"""Sending a photo's source to Uploadcare: as it is, or as an upright copy, and only what was accepted."""

import asyncio
import hashlib
import io
from pathlib import PurePosixPath
from typing import BinaryIO

from cutoutd.config.settings import Folder
from cutoutd.errors import SupersededError
from cutoutd.photo import Photo
from cutoutd.pictures import inspect, make_upright, require_size
from cutoutd.source import open_source, reading_errors, require_same
from cutoutd.uploadcare.client import Uploadcare


async def send_source(photo: Photo, folder: Folder, uploadcare: Uploadcare) -> str:
    """Upload the photo, and make sure that what was sent is what was accepted; the answer is Uploadcare's UUID.

    A crash here, or a refusal after sending, leaves an upload that nobody pays for and that expires after 24 hours.

    Raises:
        SupersededError: the file is not, or no longer, the accepted version.
        RejectedError: its upright copy is over the size limit.
        DiskError, DelayError, HaltError, FailedError: as ``open_source`` and ``Uploadcare.upload_source`` say.
    """
    with await asyncio.to_thread(_open_to_send, photo, folder) as content:
        size_bytes = content.seek(0, io.SEEK_END)
        content.seek(0)
        with reading_errors(folder.input, photo.identity):
            sent = await uploadcare.upload_source(content, name=_name(photo), size_bytes=size_bytes)
    await asyncio.to_thread(require_same, folder.input, photo.identity)
    if photo.is_upright:
        _require_accepted(sent.sha256, photo)
    return sent.uuid


def _open_to_send(photo: Photo, folder: Folder) -> BinaryIO:
    file = open_source(folder.input, photo.identity)
    return file if photo.is_upright else _upright_copy(file, photo, folder)


def _upright_copy(file: BinaryIO, photo: Photo, folder: Folder) -> BinaryIO:
    with file, reading_errors(folder.input, photo.identity):
        content = file.read()
    _require_accepted(hashlib.sha256(content).hexdigest(), photo)
    upright = make_upright(content, inspect(content, photo.identity.path))
    require_size(len(upright), folder.max_upload_bytes)
    return io.BytesIO(upright)


def _require_accepted(sha256: str, photo: Photo) -> None:
    if sha256 != photo.sha256:
        raise SupersededError("changed", f"{photo.identity.path} was changed while it was being sent")


def _name(photo: Photo) -> str:
    return PurePosixPath(photo.identity.path).name
