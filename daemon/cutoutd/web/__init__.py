"""The HTTP listener of ``web.listen``: the page, the webhook receiver, ``/healthz``, ``/readyz`` and ``/metrics``.

The Unix socket for commands belongs in ``control``. The numbers and sentences that the page shows come from ``status``.
"""
