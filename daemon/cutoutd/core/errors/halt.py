"""Errors that stop all photos until a person acts; no photo is to blame, unless only one photo meets them."""

from enum import StrEnum
from typing import ClassVar, Self

from cutoutd.core.errors.root import CutoutdError


class RefusableRequest(StrEnum):
    """The kinds of request that Uploadcare accepts or refuses for reasons of their own."""

    UPLOAD = "upload"
    QUESTION = "question"  #: every REST call but the launch
    LAUNCH = "launch"
    DOWNLOAD = "download"


class HaltError(CutoutdError):
    """All photos must stop; ``reason`` is a stable slug."""

    reason: ClassVar[str] = "halted"
    request: RefusableRequest | None = None  #: the kind of request that was refused; None: the step tells it

    def on(self, request: RefusableRequest) -> Self:
        """Return the error, as one of this kind of request."""
        self.request = request
        return self


class KeysRefusedError(HaltError):
    """Uploadcare does not accept the keys (401)."""

    title = "Uploadcare refused the keys"
    reason = "keys_refused"
    default_advice = "Check public_key and the secret key against the project's API keys at Uploadcare."


class ClockWrongError(HaltError):
    """Uploadcare refuses this machine's signatures, because their date is too far off."""

    title = "This machine's clock is wrong"
    reason = "clock_wrong"
    default_advice = (
        "Set this machine's clock (for instance: timedatectl set-ntp true); cutoutd then goes on by itself."
    )


class AddonRefusedError(HaltError):
    """The remove_bg add-on is not available to this project (403 or 404 on execute)."""

    title = "Uploadcare refused the remove_bg add-on"
    reason = "addon_refused"
    default_advice = "Enable the Remove background add-on for the project at Uploadcare; free plans lack it."


class AccountBlockedError(HaltError):
    """The account is blocked, unpaid or over its limits."""

    title = "Uploadcare blocked the account"
    reason = "account_blocked"
    default_advice = "Look at the project's billing page at Uploadcare."


class DeliveryRefusedError(HaltError):
    """The CDN does not deliver results to this project (403), so further removals would be a waste of money."""

    title = "Uploadcare refused to deliver the cutout"
    reason = "delivery_refused"
    default_advice = (
        "If the project demands signed CDN URLs, switch that off at Uploadcare, or point uploadcare.cdn_base "
        "at a host that delivers without a token; if it does not, look at the project's billing page."
    )


class UploadsRefusedError(HaltError):
    """The project does not accept such uploads: its types of files are restricted, or for a reason of its own."""

    title = "Uploadcare refused the upload"
    reason = "uploads_refused"
    default_advice = "Look at the project's upload settings at Uploadcare: it has to accept JPEG and PNG files."


class VersionRefusedError(HaltError):
    """Uploadcare no longer accepts the REST API version of this program (406)."""

    title = "Uploadcare refused the API version"
    reason = "version_refused"
    default_advice = "Install a newer cutoutd."
