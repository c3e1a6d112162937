"""Who may look, and whose orders count: the page's one secret and what is derived from it.

The token stands in the link and nowhere else. The browser keeps a value derived from it, and forms carry another, so
that neither shows the token. All comparisons take the same time whatever was sent.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256


class Tokens:
    """Compares and derives; the token itself cannot be had from it.

    Args:
        token: the secret of the link.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self.visit = self._derived("visit")  #: what the browser's cookie holds
        self.form = self._derived("form")  #: what every form holds; nobody else's page can know it

    def is_token(self, text: str) -> bool:
        """Whether this is the link's token."""
        return hmac.compare_digest(text.encode(), self._token)

    def is_session(self, text: str) -> bool:
        """Whether this is the value of our cookie."""
        return hmac.compare_digest(text.encode(), self.visit.encode())

    def is_form(self, text: str) -> bool:
        """Whether this is the value of our forms."""
        return hmac.compare_digest(text.encode(), self.form.encode())

    def sign(self, text: str) -> str:
        """The text as a cookie may carry it, and nobody but us can have written it."""
        body = urlsafe_b64encode(text.encode()).decode()
        return f"{body}.{self._derived(body)}"

    def verified(self, sealed: str) -> str:
        """What ``sealed`` was given; empty for what is not ours."""
        body, _, seal = sealed.partition(".")
        if not hmac.compare_digest(seal.encode(), self._derived(body).encode()):
            return ""
        return urlsafe_b64decode(body).decode()

    def _derived(self, purpose: str) -> str:
        return hmac.new(self._token, b"cutoutd " + purpose.encode(), sha256).hexdigest()
