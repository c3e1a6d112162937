"""The page's secret token, and the values that are derived from it.

The token stands only in the link. The browser's cookie holds a derived value, and forms hold another, so that neither
reveals the token. All comparisons take constant time.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256


class Tokens:
    """Compares and derives values, without revealing the token.

    Args:
        token: the secret of the link.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self.session = self._derive("visit")  #: the value of the browser's cookie
        self.form = self._derive("form")  #: the value in each form, which no other site can know

    def is_token(self, text: str) -> bool:
        """Return True if the text is the link's token."""
        return hmac.compare_digest(text.encode(), self._token)

    def is_session(self, text: str) -> bool:
        """Return True if the text is the value of our cookie."""
        return hmac.compare_digest(text.encode(), self.session.encode())

    def is_form(self, text: str) -> bool:
        """Return True if the text is the value in our forms."""
        return hmac.compare_digest(text.encode(), self.form.encode())

    def sign(self, text: str) -> str:
        """Return the text for a cookie, signed, so that no other program can write it."""
        body = urlsafe_b64encode(text.encode()).decode()
        return f"{body}.{self._derive(body)}"

    def verify(self, signed: str) -> str:
        """Return the text that was signed; empty if the signature is not ours."""
        body, _, signature = signed.partition(".")
        if not hmac.compare_digest(signature.encode(), self._derive(body).encode()):
            return ""
        return urlsafe_b64decode(body).decode()

    def _derive(self, purpose: str) -> str:
        return hmac.new(self._token, b"cutoutd " + purpose.encode(), sha256).hexdigest()
