"""The one call that costs money, and the search for its outcome when its response was lost.

The limits belong in ``pipeline.budget``, and the story of a photo in ``pipeline.photo_pipeline``.
"""
