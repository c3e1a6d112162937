"""The report for a client or a boss: the photos of a period, as one HTML page, as JSON or as CSV.

It reads the ledger beside a running daemon. Queries belong in ``ledger.queries``, the command's options in ``cli``.
"""
