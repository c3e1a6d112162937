"""What makes the whole service stand still until a person acts; no photo is blamed."""

from typing import ClassVar

from cutoutd.core.errors.root import CutoutdError


class HaltError(CutoutdError):
    """The whole service must stand still; ``reason`` is a stable slug."""

    reason: ClassVar[str] = "halted"


class KeysRefusedError(HaltError):
    """Uploadcare does not accept the keys (401)."""

    title = "Uploadcare refused the keys"
    reason = "keys_refused"
    default_advice = "Check public_key and the secret key against the project's API keys at Uploadcare."


class ClockWrongError(HaltError):
    """Signatures carry a date, and this machine's is so far off that Uploadcare refuses them."""

    title = "This machine's clock is wrong"
    reason = "clock_wrong"
    default_advice = "Set this machine's clock (for instance: timedatectl set-ntp true); cutoutd goes on by itself."


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
    """The CDN does not hand out results to this project (403): paying for more of them would be in vain."""

    title = "Uploadcare refused to deliver the cutout"
    reason = "delivery_refused"
    default_advice = (
        "If the project demands signed CDN URLs, switch that off at Uploadcare, or point uploadcare.cdn_base "
        "at a host that delivers without a token; if it does not, look at the project's billing page."
    )


class VersionRefusedError(HaltError):
    """Uploadcare no longer speaks the version of the REST API that this program speaks (406)."""

    title = "Uploadcare refused the API version"
    reason = "version_refused"
    default_advice = "Install a newer cutoutd."
