"""Drop a photo into a watched folder, find its transparent PNG in the mirrored folder."""

__version__ = "0.1.0"
