"""Files and folders that the watch passes over: the reasons, the notes of a scan, and the record of the present.

Junk and files that are no photos belong in ``files``; the scan only counts those.
"""
