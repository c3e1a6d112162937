"""The questions that can be put to the ledger: each function is one read in a transaction that the caller opened.

Nothing here changes a row; see ``writes``.
"""
