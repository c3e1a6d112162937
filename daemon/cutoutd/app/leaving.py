"""Leaving the process when its work is over, whatever a thread is still busy with.

A thread cannot be cut off, and Python waits for each: pixels of a large PNG take half a minute. Nothing depends on what
they come to: what is true is in the ledger, and a step that was not stored is done again by the next run.
"""

import os
import threading


def leave_within(patience_s: float, code: int) -> None:
    """Let the program end by itself; if it has not by then, end it with this exit code.

    To be called once nothing is left to be stored, or when a person wants no waiting.
    """
    timer = threading.Timer(patience_s, os._exit, (code,))
    timer.daemon = True  # or Python would wait for this one as well
    timer.start()
