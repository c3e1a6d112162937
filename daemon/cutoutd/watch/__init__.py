"""One input folder: its scan, its kernel events, the stability of its files, and the availability of its mounts.

The way of a finished photo belongs in ``pipeline``.
"""
