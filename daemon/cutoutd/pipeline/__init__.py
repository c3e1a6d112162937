"""The way of a photo from its discovery to its published cutout, in ``photo_pipeline``, with all that it needs.

Kernel events and scans belong in ``watch``, HTTP requests in ``uploadcare``, and SQL in ``ledger``.
"""
