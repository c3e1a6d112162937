import hashlib
import hmac
import os
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import httpx2
from pydantic import SecretStr

from cutoutd.uploadcare.connections import Signer, computed_cdn_base

SECRET = "demosecretkey"  # noqa: S105 - published for examples
DAEMON = Path(__file__).parents[3] / "daemon"


def test_the_cdn_prefix_of_the_demo_project() -> None:
    """The host computed from a public key is the one that Uploadcare publishes for it (docs/uploadcare.md 3)."""
    assert computed_cdn_base("demopublickey") == "https://1s4oyld5dc.ucarecd.net/"


def test_uploads_are_signed_for_longer_than_the_slowest_takes() -> None:
    """The signature is the published HMAC over its own expiry, half an hour from now."""
    fields = Signer("demopublickey", SecretStr(SECRET)).upload_fields()
    assert 1700 < int(fields["expire"]) - time.time() <= 1800
    expected = hmac.new(SECRET.encode(), fields["expire"].encode(), hashlib.sha256).hexdigest()
    assert fields["signature"] == expected
    assert fields["UPLOADCARE_PUB_KEY"] == "demopublickey"


def test_requests_are_signed_over_body_date_and_path() -> None:
    """Pyuploadcare's signature, in the asynchronous client too, is the one that the service publishes."""
    request = httpx2.Request("POST", "https://api.uploadcare.com/addons/remove_bg/execute/?x=1", json={"target": "t"})
    signed = next(Signer("demopublickey", SecretStr(SECRET)).request_auth.sync_auth_flow(request))
    text = "\n".join(
        (
            "POST",
            hashlib.md5(b'{"target":"t"}', usedforsecurity=False).hexdigest(),
            "application/json",
            signed.headers["Date"],
            "/addons/remove_bg/execute/?x=1",
        )
    )
    signature = hmac.new(SECRET.encode(), text.encode(), "sha1").hexdigest()
    assert signed.headers["Authorization"] == f"Uploadcare demopublickey:{signature}"
    assert signed.headers["Accept"] == "application/vnd.uploadcare-v0.7+json"
    assert signed.headers["Date"].replace(",", "")[:10] == formatdate(usegmt=True).replace(",", "")[:10]


def test_pyuploadcare_is_imported_without_a_warning() -> None:
    """Its import must not end a daemon that treats warnings as errors."""
    environment = os.environ | {"PYTHONPATH": str(DAEMON)}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "import cutoutd.uploadcare.client"], check=True, env=environment
    )
