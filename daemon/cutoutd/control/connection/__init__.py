"""The way of a message between a command and the running cutoutd: the Unix socket, its client and its server.

The commands themselves belong in ``control``.
"""
