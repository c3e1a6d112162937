"""Faults that a test or a demo asks for: plans, HTTP effects, and effects on removals.

The correct behaviour belongs in ``api``.
"""
