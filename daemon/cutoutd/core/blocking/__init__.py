"""Blocking calls in threads: those to the ledger, to this machine, and to each tree of a user are kept apart.

The work itself belongs to the callers.
"""

from cutoutd.core.blocking.call import FIRST_LOOK_S, LOOK_S, WORK_S, note_progress
from cutoutd.core.blocking.calls import BlockingCalls
from cutoutd.core.blocking.places import calls_to, ledger_calls, local_calls
from cutoutd.core.blocking.threads import thread_starter

__all__ = [
    "FIRST_LOOK_S",
    "LOOK_S",
    "WORK_S",
    "BlockingCalls",
    "calls_to",
    "ledger_calls",
    "local_calls",
    "note_progress",
    "thread_starter",
]
