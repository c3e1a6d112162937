"""HTTP at the level of messages: connections, responses, request kinds, and signatures.

The meaning of each request belongs in ``api``.
"""
