"""What people order: retry, reprocess. How an order reaches the ledger, and the one place that carries it out.

While cutoutd runs, a command hands its order over a Unix socket (``client`` to ``server``); while nothing runs, the
command holds the ledger itself for a moment. Either way a ``Clerk`` carries it out. Rooms: ``orders`` (what can be
ordered, and the answer), ``clerk`` (who carries it out), ``retry`` and ``reprocess`` (what they decide about a photo),
``socket_file`` (where the socket is), ``server``, ``client``.
"""
