"""The running daemon over HTTP, on the listener of ``web.listen``: what people and monitoring look at.

Rooms: ``door`` (the listener), ``application`` (which routes there are), ``health``, ``metrics``, ``hooks``
(Uploadcare's messages). It is separate from the control socket: that one is for commands, and the file system decides
who may connect.
"""
