"""The HTTP listener of ``web.listen``: the page, the webhook receiver, ``/healthz``, ``/readyz`` and ``/metrics``.

The Unix socket for commands belongs in ``control``, and the page's numbers and sentences belong in ``status``.
"""
