"""The configuration: YAML in, frozen and checked settings out, with the place of every fault.

Checks that need the machine or the service, such as missing folders, belong in ``app.check``.
"""

from cutoutd.config.json_schema import json_schema
from cutoutd.config.loader import SYSTEM_WIDE, find, load, read

__all__ = ["SYSTEM_WIDE", "find", "json_schema", "load", "read"]
