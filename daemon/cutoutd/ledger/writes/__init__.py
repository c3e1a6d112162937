"""The statements that change the ledger, one module for each kind of change.

Statements that only read belong in ``queries``; transactions and threads belong in ``ledger``.
"""
