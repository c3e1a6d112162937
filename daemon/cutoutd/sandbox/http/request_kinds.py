"""The kinds of request that counters and faults tell apart."""

from enum import StrEnum


class EndpointKind(StrEnum):
    """One word per kind of request."""

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
