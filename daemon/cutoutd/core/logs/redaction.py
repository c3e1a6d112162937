"""Keys and signatures are taken out of whatever is about to be written: the last resort, not the plan.

The plan is that no sentence is ever built from them; this holds where a library's error or a trace quotes a request.
"""

import re

_HIDDEN = "[hidden]"

#: What UPLOADCARE's requests are signed with: the Authorization header, and the signature fields of an upload.
_SIGNATURES = re.compile(
    r"(Uploadcare(?:\.Simple)?\s+[\w.-]+:)[^\s'\",]+|(\b(?:signature|sign|token)\b[\"']?\s*[=:,]\s*b?[\"']?)[0-9A-Fa-f]{16,}",
    re.IGNORECASE,
)

_secrets: set[str] = set()


def register_secret(secret: str) -> None:
    """From now on no line holds this."""
    if secret:
        _secrets.add(secret)


def redact(text: str) -> str:
    """The text without secrets and signatures."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return _SIGNATURES.sub(lambda found: f"{found[1] or found[2]}{_HIDDEN}", text)
