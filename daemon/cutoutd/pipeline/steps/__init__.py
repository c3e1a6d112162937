"""One module for each step of a photo: validate, upload, launch, recover, download, and publish.

The order of the steps belongs in ``photo_pipeline``; the time of a step belongs in ``scheduling``.
"""
