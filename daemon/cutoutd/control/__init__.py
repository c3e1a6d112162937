"""What people order: retry, reprocess, approve, pause. How an order reaches the ledger, and who carries it out.

While cutoutd runs, a command hands its order over a Unix socket (``client`` to ``server``); while nothing runs, the
command holds the ledger itself for a moment. Either way a ``Clerk`` carries it out. Rooms: ``orders`` (what can be
ordered, and the answer), ``clerk`` (who carries it out), ``retry``, ``reprocess``, ``approve`` and ``pause`` (what they
decide), ``choice`` and ``selection`` (which photos they are about), ``report`` (what became of each), ``dispatch``
(where they come in while cutoutd runs), ``socket_file`` (where the socket is), ``server`` and ``client``.
"""
