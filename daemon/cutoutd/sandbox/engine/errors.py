"""The two ways a removal is refused; the sandbox's server turns them into the service's own answers.

Raised by the rooms of this engine, caught by nobody in it.
"""


class BadParameterError(Exception):
    """A ``remove_bg`` parameter has a value the service does not know; the text is a sentence naming it."""


class UnknownForegroundError(Exception):
    """Nothing in the picture stands out from its background: the service's ``unknown_foreground``."""
