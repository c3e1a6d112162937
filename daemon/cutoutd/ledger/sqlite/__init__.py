"""The parts of the ledger that depend on SQLite: connections, creation, file identity, and clean shutdown.

Tables belong in ``schema``, and statements belong in ``queries`` and ``writes``.
"""
