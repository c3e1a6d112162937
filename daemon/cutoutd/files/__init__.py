"""Files that must not be lost, replaced or read through a link: input trees, output trees, renames, hashes and mounts.

It does not know photos' content (``images``), nor when to look for new files (``watch``).
"""
