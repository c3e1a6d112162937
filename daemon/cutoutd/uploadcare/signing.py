"""The parts of pyuploadcare that cutoutd uses: request and upload signatures, the add-on's name, and the CDN prefix.

No other module imports pyuploadcare, because its import takes 0.3 s. Its synchronous client is not used: it would need
a thread for each waiting photo. Its response models are not used either: they drop fields that users need.
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

#: Uploadcare checks the signature after the whole upload has arrived, so it must outlive the slowest upload.
_UPLOAD_SIGNATURE_LIFE_S = 1800


class Signer:
    """The signer of one project's requests; the secret leaves it only as a signature."""

    def __init__(self, public_key: str, secret_key: SecretStr) -> None:
        self.public_key = public_key
        self._secret_key = secret_key

    @property
    def request_auth(self) -> httpx2.Auth:
        """The signature of each REST request over its body, date and path; the secret itself is never sent."""
        auth: httpx2.Auth = UploadcareAuth(self.public_key, self._secret_key.get_secret_value(), API_VERSION)
        return auth

    def upload_fields(self) -> dict[str, str]:
        """Return the form fields that identify and sign an upload; a project may demand the signature."""
        expire = int(time.time()) + _UPLOAD_SIGNATURE_LIFE_S
        signature = UploadAPI.generate_secure_signature(self._secret_key.get_secret_value(), expire)
        return {"UPLOADCARE_PUB_KEY": self.public_key, "signature": signature, "expire": str(expire)}


def computed_cdn_base(public_key: str) -> str:
    """Return the address of the CDN for a project without a domain of its own."""
    base: str = DEFAULT_SUBDOMAIN_PATTERN.format(prefix=get_cname_prefix(public_key))
    return base
