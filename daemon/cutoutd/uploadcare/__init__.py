"""The client of Uploadcare: requests, responses, error mapping, signatures, and webhook messages.

Decisions about when to send, poll, or repeat a request belong in ``pipeline``.
"""
