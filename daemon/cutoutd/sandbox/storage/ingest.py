"""The one way in which bytes become a file of the project, for uploads and for cutouts."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.storage.blobs import BlobStore, examine
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredFile, UploadLabel


@dataclass(frozen=True, slots=True)
class Ingest:
    """Adds bytes to the project as a file: it examines them, moves them to the blob store, and stores a row."""

    store: Store
    blobs: BlobStore
    clock: Clock
    is_autostore_enabled: bool

    async def create_file(self, temporary: Path, label: UploadLabel, file_uuid: str | None = None) -> StoredFile:
        """Make a file of finished bytes, under a given UUID if there is one.

        A kill before the last step leaves bytes without a row.
        """
        info = await asyncio.to_thread(examine, temporary, label.filename)
        file_uuid = file_uuid or str(uuid.uuid4())
        self.blobs.adopt(temporary, file_uuid)
        moment = self.clock.stamp()
        is_stored = {"1": True, "0": False}.get(label.store, self.is_autostore_enabled)
        file = StoredFile(
            uuid=file_uuid,
            original_filename=label.filename,
            mime_type=info.mime_type,
            size=info.size,
            sha256=info.sha256,
            image=info.image,
            metadata=json.dumps(label.metadata),
            appdata=None,
            uploaded=moment,
            stored=moment if is_stored else None,
            removed=None,
            tags=json.dumps(label.tags),
        )
        self.store.files.add(file)
        return file
