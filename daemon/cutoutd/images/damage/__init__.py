"""Checks of the pixel data of photos: missing, cut off or filled up, as far as a cheap look can see.

The structure around the pixels belongs in ``images.structure``, and the decision to reject in ``images.validation``.
"""
