"""The ways over a ledger that is lost or cannot be written: backups, rebuilt ledgers, and facts that were paid for.

The schema's own steps belong in ``schema``, and the checks of a database file in ``sqlite``.
"""
