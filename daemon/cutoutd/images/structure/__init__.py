"""Image files as bytes: their format, header, segments, chunks and side data, read without decoding a pixel.

Checks of the pixel data belong in ``images.damage``, and pixels in ``images.copies``.
"""
