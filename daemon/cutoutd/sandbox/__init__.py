"""The stand-in for Uploadcare on one local port: Upload API, REST API v0.7, CDN and ``remove_bg``.

It is as strict as the service, by the responses on record (docs/uploadcare.md 5). It imports no other package of
cutoutd, and all its state is on disk. Entry points: ``cutoutd.sandbox.server.serve`` and
``python -m cutoutd.sandbox``.
"""
