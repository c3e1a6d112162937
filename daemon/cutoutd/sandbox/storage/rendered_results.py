"""Cutouts as files. With the ``brequest`` engine each is kept, so that load tests make it only once.

Everything here blocks; call it in a thread.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cutoutd.sandbox.engine import Cutout, Engine, ModelEngine, Parameters, cut_out
from cutoutd.sandbox.storage.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A photo to cut out.

    Attributes:
        source: Path of its bytes.
        sha256: Their digest.
        parameters: The checked ``remove_bg`` parameters.
        orientation: The EXIF orientation by which the picture is turned upright first.
    """

    source: Path
    sha256: str
    parameters: Parameters
    orientation: int | None = None

    @property
    def key(self) -> str:
        """The name of the result: the same for the same content and the same parameters."""
        text = f"{self.sha256} {self.parameters!r} {self.orientation}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RenderedResults:
    """The maker of cutouts, and its kept results."""

    blobs: BlobStore
    engine: Engine | ModelEngine

    def render(self, request: RenderRequest) -> tuple[Path, Cutout]:
        """Make the cutout in a new temporary file and return both. Errors of the engine pass.

        A kept cutout is written under a temporary name and renamed, because two threads may make it at once.
        """
        result = self.blobs.new_temporary()
        if self.engine is not Engine.BORDER:  # load tests, which need results to be kept, use the other
            return result, self._make(request, result)
        kept = self.blobs.results / f"{request.key}.png"
        facts = kept.with_suffix(".json")
        if not (facts.exists() and kept.exists()):
            new = self.blobs.new_temporary()
            cutout = self._make(request, new)
            new.rename(kept)
            new.write_text(json.dumps(asdict(cutout)))
            new.rename(facts)
        result.hardlink_to(kept)
        return result, Cutout(**json.loads(facts.read_text()))

    def _make(self, request: RenderRequest, destination: Path) -> Cutout:
        return cut_out(
            request.source,
            destination,
            request.parameters,
            engine=self.engine,
            orientation=request.orientation,
        )
