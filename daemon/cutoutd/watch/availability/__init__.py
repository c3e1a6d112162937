"""The availability of a folder's input tree: an unmounted share must not look like a folder that was emptied.

It compares the tree with a stored snapshot and gives a reason. It does not watch files, nor decide about photos.
"""

from cutoutd.watch.availability.monitor import FolderAvailability, UnavailableFolder

__all__ = ["FolderAvailability", "UnavailableFolder"]
