"""The JSON Schema of the configuration file, for editors and for `cutoutd schema`."""

from typing import Any

from cutoutd.config.settings import ConfigurationFile

# A JSON Schema is a tree of plain JSON, so a model of it would only repeat its specification.
JsonSchema = dict[str, Any]


def json_schema() -> JsonSchema:
    """Return the schema of the configuration file, as users write it, in JSON Schema (draft 2020-12)."""
    schema = ConfigurationFile.model_json_schema(by_alias=True, mode="validation")
    # Do not require the account, because the environment may hold all of it.
    schema["required"].remove("uploadcare")
    del schema["$defs"]["Account"]["required"]
    for model in (schema, *schema["$defs"].values()):
        properties: dict[str, JsonSchema] = model.get("properties", {})
        model.update(
            {"properties": {key: _as_written(value) for key, value in properties.items()}} if properties else {}
        )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "cutoutd configuration"}


def _as_written(key: JsonSchema) -> JsonSchema:
    """Allow a section with all its keys commented out; the keys have their own defaults."""
    if not isinstance(key.get("default"), dict):
        return key
    section = {word: value for word, value in key.items() if word not in {"$ref", "default"}}
    return {**section, "anyOf": [{"$ref": key["$ref"]}, {"type": "null"}], "default": {}}
