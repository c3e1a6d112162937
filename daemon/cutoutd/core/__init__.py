"""The values that every package knows: photos and their facts, errors, log lines, and small helpers.

Nothing here knows the configuration, the ledger, or the service.
"""
