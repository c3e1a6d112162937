"""The section ``webhook``: where Uploadcare's messages arrive, and what they are signed with."""

from pydantic import Field

from cutoutd.config.frozen_model import Frozen
from cutoutd.config.text_types import HookUrl, Location


class Webhook(Frozen):
    """How Uploadcare tells of finished removals by itself, so that it need not be asked."""

    url: HookUrl | None = None
    """The public address at which Uploadcare reaches web.listen, for `cutoutd webhook create`."""
    secret_file: Location | None = Field(default=None, repr=False)
    """A file with the signing secret, at most 32 characters; `cutoutd webhook create` makes one if left out."""
