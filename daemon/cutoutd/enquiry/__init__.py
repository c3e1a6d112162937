"""Looking at the ledger when one may not read it: the running cutoutd answers whoever may use its control socket.

Whoever may read the state folder does so, also beside a daemon that hangs. Rooms: ``forms`` (what is asked and
answered, on the wire), ``client`` (the commands' end), ``server`` (the daemon's).
"""
