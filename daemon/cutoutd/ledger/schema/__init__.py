"""The ledger's tables, column types, rows, and numbered migrations.

Statements that read or write rows belong in ``queries`` and ``writes``.
"""
