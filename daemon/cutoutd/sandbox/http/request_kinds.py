"""The kinds of request that counters and faults distinguish."""

from enum import StrEnum


class EndpointKind(StrEnum):
    """A kind of request, by one word."""

    UPLOAD = "upload"
    INFO = "info"
    MULTIPART = "multipart"
    PART = "part"
    FROM_URL = "from_url"
    GROUPS = "groups"
    PROJECT = "project"
    FILES = "files"
    FILE = "file"
    STORE = "store"
    DELETE = "delete"
    LABELS = "labels"
    COPY = "copy"
    UNSERVED = "unserved"
    EXECUTE = "execute"
    STATUS = "status"
    WEBHOOKS = "webhooks"
    CDN = "cdn"
