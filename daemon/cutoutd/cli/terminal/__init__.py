"""The terminal views of commands: live progress, status tables, and plans.

The data that they show comes from ``status``; options and exit codes belong in ``cli``.
"""
