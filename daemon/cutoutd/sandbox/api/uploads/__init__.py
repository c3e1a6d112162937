"""The Upload API: direct uploads, uploads in parts, uploads from addresses, and the rules of their forms.

The files that come of them belong in ``files``.
"""
