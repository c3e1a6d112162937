"""The two errors of the engine; the sandbox's server turns them into the service's own responses."""


class BadParameterError(Exception):
    """A ``remove_bg`` parameter has a value that the service does not know; the text is a sentence about it."""


class UnknownForegroundError(Exception):
    """Nothing in the picture stands out from its background: the service's ``unknown_foreground``."""
