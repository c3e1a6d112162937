"""TLS servers that nobody should trust: one with a certificate signed by itself, one whose certificate has expired.

Key and certificates are for localhost and 127.0.0.1 and of no account; both were made with ``openssl ca -selfsign``.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkuX57M42To1Cyt5p
HdGfiLzuJO0JkCHxkJzupj1cUruhRANCAATXMxRqkc1vyDhOA1SFmq/k5D9wQPv0
y+MgU/Zwck9HuTrqXI+bK5jwqGJYAC4ioLcp5h8TSwtfolAWnMPgqZWU
-----END PRIVATE KEY-----
"""

SELF_SIGNED = """\
-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNczFGqRzW/IOE4D
VIWar+TkP3BA+/TL4yBT9nByT0e5Oupcj5srmPCoYlgALiKgtynmHxNLC1+iUBac
w+CplZSjXjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBTF30R8MxKeJ+4cy1JRQTyhfp73XTAOBgNVHQ8BAf8E
BAMCAoQwCgYIKoZIzj0EAwIDSAAwRQIgNsUcLyeQJ7a9HgbsqoEDHT/64A9Cocjw
K388Aa3X2vMCIQCm7NiWRd9+At54yrDWKiiQ1atBVMR3UTatTHMUK2AQFQ==
-----END CERTIFICATE-----
"""

#: Since the first of January 2021.
EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAls
b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATXMxRqkc1vyDhOA1SF
mq/k5D9wQPv0y+MgU/Zwck9HuTrqXI+bK5jwqGJYAC4ioLcp5h8TSwtfolAWnMPg
qZWUo14wXDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwDwYDVR0TAQH/BAUw
AwEB/zAdBgNVHQ4EFgQUxd9EfDMSnifuHMtSUUE8oX6e910wDgYDVR0PAQH/BAQD
AgKEMAoGCCqGSM49BAMCA0kAMEYCIQCFXxtzImoUitrr7TPCF+coFHnN2G/W+jHx
ER7pdjmtngIhANwxrHN6uxSaB8i6OMF+80WwWkshHRDAEhmYbPLVrjBR
-----END CERTIFICATE-----
"""


def write_certificate(certificate: str, folder: Path) -> Path:
    """The key and the certificate in one file."""
    file = folder / "server.pem"
    file.write_text(_KEY + certificate)
    return file


@contextmanager
def untrusted_server(certificate: str, folder: Path) -> Iterator[str]:
    """A server that shows this certificate to whoever connects; the value is its base URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(certificate, folder))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_shake_hands, args=(listener, context))
        serving.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):  # the listener is gone: the test is over
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                context.wrap_socket(connection, server_side=True).close()
