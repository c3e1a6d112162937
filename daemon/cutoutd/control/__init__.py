"""The commands that act on photos (retry, reprocess, approve, pause, resume, reload), and the socket that carries them.

The status that a command shows does not belong here (``status``), nor do command lines (``cli``) or the page (``web``).
"""
