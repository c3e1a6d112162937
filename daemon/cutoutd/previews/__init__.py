"""A photo and its cutout for looking at: the files themselves, and small pictures of them.

Rooms: ``originals`` (the files that the ledger knows, opened only while they still are what it knows), ``drawing`` (a
small picture of one), ``shelf`` (small pictures kept on disk, within a bound), ``previews`` (all of it, for asyncio).
Nothing in here changes a photo, a cutout or the ledger.
"""

from cutoutd.previews.originals import Absence, Original, Side, has_side
from cutoutd.previews.previews import Previews
from cutoutd.previews.shelf import Shelf, Size

__all__ = ["Absence", "Original", "Previews", "Shelf", "Side", "Size", "has_side"]
