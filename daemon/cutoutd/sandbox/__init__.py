"""The stand-in Uploadcare: Upload API, REST API v0.7, CDN and ``remove_bg`` on one local port.

As strict as the service where the service's answers are on record (UPLOADCARE.md section 5). It imports nothing of the
rest of cutoutd, and its state is all on disk. Entry points: ``cutoutd.sandbox.server.serve`` and
``python -m cutoutd.sandbox``.
"""
