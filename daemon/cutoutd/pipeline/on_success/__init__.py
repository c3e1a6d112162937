"""What becomes of a source once its cutout is published: moved to the archive, to the trash, or deleted.

``aside`` takes it away without ever losing it, ``archive`` and ``trash`` are where it goes, ``farewell`` is the whole
way of one source, ``aftercare`` the worker.
"""

from cutoutd.pipeline.on_success.worker import OnSuccessWorker

__all__ = ["OnSuccessWorker"]
