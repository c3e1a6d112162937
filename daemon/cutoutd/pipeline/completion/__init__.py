"""The wait for a started removal: poll schedule, processing times, and webhook results.

The step that acts on a finished removal belongs in ``steps``.
"""
