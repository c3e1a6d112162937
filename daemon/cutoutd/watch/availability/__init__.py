"""One folder stands still for a named reason, and no photo of it is blamed: its tree is not what it was.

``ground`` is what a tree stands on, ``roll`` which photos should be there, ``inquiry`` what became of them, ``doubts``
the judgement, ``standby`` its keeper.
"""

from cutoutd.watch.availability.monitor import FolderAvailability, UnavailableFolder

__all__ = ["FolderAvailability", "UnavailableFolder"]
