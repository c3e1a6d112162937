"""The one way in which bytes become a file of the project, for uploads and for cutouts."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutoutd.sandbox.clock import Clock
from cutoutd.sandbox.storage.blobs import BlobStore, examine
from cutoutd.sandbox.storage.database import Store
from cutoutd.sandbox.storage.rows import StoredFile


@dataclass(frozen=True, slots=True)
class UploadLabel:
    """The facts about a file that its bytes do not tell.

    Attributes:
        filename: Its name, as the client wrote it.
        store: ``1``, ``0``, or anything else for the project's own setting (``UPLOADCARE_STORE``).
        metadata: The form's ``metadata[key]`` fields.
    """

    filename: str
    store: str = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Adds bytes to the project as a file: it examines them, moves them to the blob store, and stores a row."""

    store: Store
    blobs: BlobStore
    clock: Clock
    is_autostore_enabled: bool

    async def create_file(self, temporary: Path, label: UploadLabel) -> StoredFile:
        """Make a file of finished bytes. A kill before the last step leaves bytes without a row."""
        info = await asyncio.to_thread(examine, temporary, label.filename)
        file_uuid = str(uuid.uuid4())
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
        )
        self.store.files.add(file)
        return file
