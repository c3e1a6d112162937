"""Access control of the HTTP listener: token, session cookie, allowed host names, and security headers.

Routes and page content belong elsewhere in ``web``.
"""
