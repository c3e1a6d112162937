"""The ``demo`` command: a complete run against the sandbox, and the contact sheet that shows its results.

The sandbox service itself belongs in ``sandbox``.
"""
