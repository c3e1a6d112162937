"""One cutoutd process: composition, start, reload, stop, single run, machine check, and rebuild of the ledger.

Decisions about a single photo belong in ``pipeline``, and command-line options belong in ``cli``.
"""
