"""The kinds of request that counters and faults distinguish."""

from enum import StrEnum


class EndpointKind(StrEnum):
    """A kind of request, by one word."""

    UPLOAD = "upload"
    INFO = "info"
    PROJECT = "project"
    FILES = "files"
    FILE = "file"
    STORE = "store"
    DELETE = "delete"
    EXECUTE = "execute"
    STATUS = "status"
    WEBHOOKS = "webhooks"
    CDN = "cdn"
