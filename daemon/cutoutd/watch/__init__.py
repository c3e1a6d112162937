"""One input folder: its scan, its kernel events, the stability of its files, and the availability of its mounts.

It notices files and hands the finished ones on. It does not know what becomes of them, nor how they are paid for.
"""
