"""The source of a published photo: it is moved to the archive or the trash, or deleted, as ``on_success`` says.

Work on the cutout, or on a photo that is not published, belongs elsewhere in ``pipeline``.
"""

from cutoutd.pipeline.on_success.worker import OnSuccessWorker

__all__ = ["OnSuccessWorker"]
