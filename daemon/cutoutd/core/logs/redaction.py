"""The removal of keys and signatures from every text that is about to be written.

It is the last resort: no sentence is built from secrets, but a library's error or a traceback may quote a request.
"""

import re

_HIDDEN = "[hidden]"

#: The signatures of Uploadcare's requests: the Authorization header, and the signature fields of an upload.
_SIGNATURES = re.compile(
    r"(Uploadcare(?:\.Simple)?\s+[\w.-]+:)[^\s'\",]+|(\b(?:signature|sign|token)\b[\"']?\s*[=:,]\s*b?[\"']?)[0-9A-Fa-f]{16,}",
    re.IGNORECASE,
)

#: The secrets of this process.
registered_secrets: set[str] = set()


def register_secret(secret: str) -> None:
    """Hide this secret in every line from now on."""
    if secret:
        registered_secrets.add(secret)


def redact(text: str) -> str:
    """Return the text without secrets and signatures."""
    for secret in registered_secrets:
        text = text.replace(secret, _HIDDEN)
    return _SIGNATURES.sub(lambda found: f"{found[1] or found[2]}{_HIDDEN}", text)
