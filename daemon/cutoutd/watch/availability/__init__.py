"""The availability of a folder's input tree: an unmounted share must not look like a folder that was emptied.

The watch over files belongs in ``watch``, and decisions about photos belong in ``pipeline``.
"""
