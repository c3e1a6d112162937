"""The security headers of each response. Static files bring a ``Cache-Control`` of their own."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer, else browsers would send "Origin: null" with a form (Fetch standard, 3.2), like a forged one has.
    # Other sites get no referrer either way.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def with_headers(send: Send) -> Send:
    """Return a ``send`` that adds these headers where a response has none of its own."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
