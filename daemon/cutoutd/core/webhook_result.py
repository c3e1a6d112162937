"""What Uploadcare says by itself of a finished removal, as a value; who says it and who stores it is told elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """One removal's result: which file it is, and which upload and which launch it comes from."""

    result_uuid: str
    source_uuid: str
    request_id: str
