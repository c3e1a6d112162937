"""The tables, the steps that lead to them, and the way between rows and values.

Everything is portable SQL; the dialect has its room in ``sqlite``.
"""
