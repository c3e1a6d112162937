"""Single questions over HTTP to a program of this machine's: patient, past every proxy, and without certificates.

A client of its own loads the system's certificates, and gives up after five seconds, which a busy machine may take.
"""

import httpx2

from support.processes.sandbox_process import NO_TLS

_PATIENCE_S = 60.0


def get(url: str, *, params: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> httpx2.Response:
    """The answer to a GET."""
    return _ask("GET", url, params=params, headers=headers)


def head(url: str) -> httpx2.Response:
    """The answer to a HEAD."""
    return _ask("HEAD", url)


def post(url: str, *, data: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> httpx2.Response:
    """The answer to a form, or to none."""
    return _ask("POST", url, data=data, headers=headers)


def _ask(
    method: str,
    url: str,
    *,
    params: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    with httpx2.Client(verify=NO_TLS, trust_env=False, timeout=_PATIENCE_S) as client:
        return client.request(method, url, params=params, data=data, headers=headers)
