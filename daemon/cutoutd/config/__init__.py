"""The configuration: YAML in, frozen and checked settings out; every fault at once, with line, column and key path."""

from cutoutd.config.json_schema import json_schema
from cutoutd.config.loader import find, load, read

__all__ = ["find", "json_schema", "load", "read"]
