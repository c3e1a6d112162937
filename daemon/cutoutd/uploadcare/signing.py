"""What cutoutd takes from pyuploadcare: request signatures, upload signatures, the add-on's name and the CDN prefix.

The only module that imports it (0.3 s). Its synchronous client and its response models are not used: one would need a
thread for each waiting photo, the others drop fields that people need to see.
"""

import time

import httpx2
from pydantic import SecretStr
from pyuploadcare.api.addon_entities import AddonLabels
from pyuploadcare.api.api import UploadAPI
from pyuploadcare.api.auth import UploadcareAuth
from pyuploadcare.conf import DEFAULT_SUBDOMAIN_PATTERN
from pyuploadcare.helpers import get_cname_prefix

API_VERSION = "0.7"
REMOVE_BG = AddonLabels.REMOVE_BG.value

#: The signature is checked when the whole upload has arrived, so it has to outlive the slowest one.
_UPLOAD_SIGNATURE_LIFE_S = 1800


class Signer:
    """Signs for one project. The secret never leaves this object except as a signature."""

    def __init__(self, public_key: str, secret_key: SecretStr) -> None:
        self.public_key = public_key
        self._secret_key = secret_key

    @property
    def request_auth(self) -> httpx2.Auth:
        """Signs each REST request over its body, date and path; the secret itself is not sent."""
        auth: httpx2.Auth = UploadcareAuth(self.public_key, self._secret_key.get_secret_value(), API_VERSION)
        return auth

    def upload_fields(self) -> dict[str, str]:
        """The form fields that identify and sign an upload; always signed, because a project may demand it."""
        expire = int(time.time()) + _UPLOAD_SIGNATURE_LIFE_S
        signature = UploadAPI.generate_secure_signature(self._secret_key.get_secret_value(), expire)
        return {"UPLOADCARE_PUB_KEY": self.public_key, "signature": signature, "expire": str(expire)}


def computed_cdn_base(public_key: str) -> str:
    """Where Uploadcare delivers a project's files, unless the project has a domain of its own."""
    base: str = DEFAULT_SUBDOMAIN_PATTERN.format(prefix=get_cname_prefix(public_key))
    return base
