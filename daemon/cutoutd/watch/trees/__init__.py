"""Trees as they are mounted now: the places of their parts, and the folders that two of them share.

The mount table itself is in ``files.mounts``, and judgements about folders belong in ``watch.availability``.
"""
