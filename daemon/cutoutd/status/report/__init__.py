"""The report for a client or a boss: the photos of a period, as one HTML page, as JSON or as CSV.

Queries belong in ``ledger.queries``, and the command's options belong in ``cli``.
"""
