"""Data that changes while the page is open: overview figures, notices, comparisons, and server-sent events.

Whole pages belong in ``pages``.
"""
