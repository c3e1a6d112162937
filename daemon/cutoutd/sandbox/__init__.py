"""The stand-in for Uploadcare on one local port, as strict as the responses on record (docs/uploadcare.md 5).

No other package of cutoutd is imported here.
"""
