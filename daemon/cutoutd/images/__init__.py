"""Image files from strangers: their format, header, completeness, and pixels for a copy or a small picture.

The ledger, the watcher, and Uploadcare are unknown here.
"""
