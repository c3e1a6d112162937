"""The JSON Schema of the configuration file, for editors and for `cutoutd schema`."""

from typing import Any

from cutoutd.config.document import Document


def json_schema() -> dict[str, Any]:
    """What a configuration file may hold, as users write it, in JSON Schema (draft 2020-12)."""
    schema = Document.model_json_schema(by_alias=True, mode="validation")
    # The account may come from the environment altogether, so a file without it is no mistake.
    schema["required"].remove("uploadcare")
    del schema["$defs"]["Account"]["required"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "cutoutd configuration"}
