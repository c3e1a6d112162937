"""The sandbox's state on disk: database, blobs, ingest of uploads, and rendered results.

Responses to requests belong in ``api``.
"""
