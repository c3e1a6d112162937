"""Read models for people: status, costs, forecast, plan, and report.

Rendering belongs in ``web`` and ``cli``; changes to photos belong in ``pipeline`` and ``control``.
"""
