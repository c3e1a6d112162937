"""Cutouts as files: made by the engine, and with the ``border`` engine kept so that each is made once.

Owns the folder of kept renderings; it must not know requests or files of the project. Called by ``removals`` in a
worker thread; everything here blocks.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cutoutd.sandbox.engine import Cutout, Engine, Parameters, cut_out
from cutoutd.sandbox.storage.blobs import BlobStore


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """What is to be cut out.

    Attributes:
        source: Where its bytes lie.
        sha256: Their digest.
        parameters: The checked ``remove_bg`` parameters.
        is_exif_honoured: Whether the picture is turned upright first.
    """

    source: Path
    sha256: str
    parameters: Parameters
    is_exif_honoured: bool = True

    @property
    def key(self) -> str:
        """A name for the result: the same for the same content and the same wishes."""
        wishes = f"{self.sha256} {self.parameters!r} {self.is_exif_honoured}"
        return hashlib.sha256(wishes.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RenderedResults:
    """Makes cutouts."""

    shelf: BlobStore
    engine: Engine

    def render(self, order: RenderRequest) -> tuple[Path, Cutout]:
        """Make the cutout in a fresh temporary file. Raises what the engine raises.

        A kept rendering is written under a temporary name and renamed, so two makers at once or a kill leave it whole.
        """
        result = self.shelf.temporary()
        if self.engine is not Engine.BORDER:  # it is slow enough to matter, and load tests do not use it
            return result, self._make(order, result)
        kept = self.shelf.renderings / f"{order.key}.png"
        facts = kept.with_suffix(".json")
        if not (facts.exists() and kept.exists()):
            fresh = self.shelf.temporary()
            cutout = self._make(order, fresh)
            fresh.rename(kept)
            fresh.write_text(json.dumps(asdict(cutout)))
            fresh.rename(facts)
        result.hardlink_to(kept)
        return result, Cutout(**json.loads(facts.read_text()))

    def _make(self, order: RenderRequest, destination: Path) -> Cutout:
        return cut_out(
            order.source, destination, order.parameters, engine=self.engine, is_exif_honoured=order.is_exif_honoured
        )
