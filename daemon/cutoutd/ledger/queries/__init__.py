"""The statements that only read the ledger, one module for each group of readers.

Statements that change rows belong in ``writes``.
"""
