"""Everything that only SQLite knows: its files, errors, transactions and prepared statements.

Nothing here knows a fact or a query of the ledger.
"""
