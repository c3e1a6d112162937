"""Image files as bytes: their format, header, segments and chunks, read without decoding a pixel.

The decision to reject a photo belongs in ``images.validation``, and pixels belong in ``images.copies``.
"""
