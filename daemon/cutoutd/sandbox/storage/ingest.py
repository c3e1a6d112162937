"""How bytes become a file of the project, be it an upload or a cutout.

Owns the one order of steps: look into the bytes, put them on the shelf, remember them. It must not know where they
came from; ``uploads`` and ``removals`` hand them in as temporary files of the shelf.
"""

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
    """What is said about a file from outside.

    Attributes:
        filename: Its name as the client wrote it.
        store: ``1``, ``0``, or anything else for the project's own setting (``UPLOADCARE_STORE``).
        metadata: The form's ``metadata[key]`` fields.
    """

    filename: str
    store: str = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Takes bytes into the project."""

    store: Store
    shelf: BlobStore
    clock: Clock
    is_autostore_enabled: bool

    async def take(self, temporary: Path, label: UploadLabel) -> StoredFile:
        """Make a file of finished bytes. A kill before the last step leaves bytes that nothing refers to."""
        contents = await asyncio.to_thread(examine, temporary, label.filename)
        file_uuid = str(uuid.uuid4())
        self.shelf.adopt(temporary, file_uuid)
        moment = self.clock.stamp()
        is_stored = {"1": True, "0": False}.get(label.store, self.is_autostore_enabled)
        file = StoredFile(
            uuid=file_uuid,
            original_filename=label.filename,
            mime_type=contents.mime_type,
            size=contents.size,
            sha256=contents.sha256,
            image=contents.image,
            metadata=json.dumps(label.metadata),
            appdata=None,
            uploaded=moment,
            stored=moment if is_stored else None,
            removed=None,
        )
        self.store.add_file(file)
        return file
