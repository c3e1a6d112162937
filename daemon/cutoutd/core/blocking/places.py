"""The places that blocking calls ask: the ledger, this machine, and each tree of a user by itself."""

import os
import threading
from pathlib import Path

from cutoutd.core.blocking.calls import BlockingCalls

#: As many as asyncio takes.
_AT_ONCE_HERE = min(32, (os.cpu_count() or 1) + 4)

_places: dict[Path, BlockingCalls] = {}
_places_lock = threading.Lock()


def calls_to(root: Path) -> BlockingCalls:
    """Return the blocking calls to the tree of a user."""
    with _places_lock:
        if root not in _places:
            _places[root] = BlockingCalls(root)
        return _places[root]


#: Calls to this machine: the state folder, pictures in memory, settings.
local_calls = BlockingCalls(at_once=_AT_ONCE_HERE)

#: Calls to the ledger, which no other work may hold up.
ledger_calls = BlockingCalls(at_once=_AT_ONCE_HERE)
