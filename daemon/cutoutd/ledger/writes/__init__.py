"""The changes that can be made to the ledger: each function is the work of one transaction.

Nothing here opens or commits a transaction; the writer's thread (``group_commit``) does.
"""
