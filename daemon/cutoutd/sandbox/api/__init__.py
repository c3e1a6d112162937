"""The endpoints of the stand-in service, one module for each group of Uploadcare's API.

Stored state belongs in ``storage``, and deliberate faults belong in ``faults``.
"""
