"""The last step of every upload: the file comes into the project, is billed, and its messages are queued.

Also what the Upload API shows of a file.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from cutoutd.sandbox.api.files import QueueMessages, content_info, public_name
from cutoutd.sandbox.counters import Counters
from cutoutd.sandbox.storage.ingest import Ingest
from cutoutd.sandbox.storage.rows import StoredFile, UploadLabel


@dataclass(frozen=True, slots=True)
class Intake:
    """The way of finished bytes into the project."""

    ingest: Ingest
    counters: Counters
    queue_messages: QueueMessages

    async def add(self, temporary: Path, label: UploadLabel, file_uuid: str | None = None) -> StoredFile:
        """Make a file of finished bytes, under a given UUID if there is one."""
        file = await self.ingest.create_file(temporary, label, file_uuid)
        self.counters.count_upload(file.sha256, file.size)
        self.queue_messages("file.uploaded", file)
        return file


def upload_info(file: StoredFile) -> dict[str, object]:
    """Return the response of ``/info/``, with the fields of the published description."""
    return {
        "uuid": file.uuid,
        "file_id": file.uuid,
        "size": file.size,
        "total": file.size,
        "done": file.size,
        "original_filename": file.original_filename,
        "filename": public_name(file.original_filename),
        "mime_type": file.mime_type,
        "image_info": json.loads(file.image) if file.image else None,
        "video_info": None,
        "content_info": content_info(file),
        "metadata": json.loads(file.metadata),
        "is_image": file.image is not None,
        "is_stored": file.stored is not None,
        "is_ready": True,
    }
