"""Periodic work beside the photo pipeline: remote cleanup, removed sources, result retention, and clock changes.

Work on a photo that is still in progress belongs in ``steps``.
"""
