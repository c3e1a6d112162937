"""File system operations that must not lose or replace a file: output trees, renames, hashes, and disk space.

Image content belongs in ``images``, and the search for new files belongs in ``watch``.
"""
