"""The result of a removal that a webhook message announced."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """One finished removal: its result, its upload, and its launch."""

    result_uuid: str
    source_uuid: str
    request_id: str
