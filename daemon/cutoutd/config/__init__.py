"""The configuration: YAML in, frozen and checked settings out; every fault at once, with line, column and key path."""

from cutoutd.config.loading import load, read
from cutoutd.config.location import find
from cutoutd.config.schema import json_schema

__all__ = ["find", "json_schema", "load", "read"]
