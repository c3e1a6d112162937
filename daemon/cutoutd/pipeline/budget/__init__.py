"""The limits on paid removals: approval, daily and total limits, price, and launch rate.

The paid request itself belongs in ``steps``.
"""
