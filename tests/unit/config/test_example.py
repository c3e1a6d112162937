"""config.example.yaml and the JSON Schema, held against the model both ways."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cutoutd import config
from cutoutd.config.remove_bg import RemoveBg
from cutoutd.config.settings import Account, ConfigurationFile, FolderSettings

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
ENVIRONMENT = {"UPLOADCARE_SECRET_KEY": "hush"}
YOURS = {"uploadcare.public_key", "uploadcare.secret_key_file", "folders.name", "folders.input", "folders.output"}
SCHEMA = config.json_schema()


def keys_of_model(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key that the schema knows, by its path; list indexes and folder_defaults' own repetition left out."""
    for key, value in schema.get("properties", {}).items():
        yield f"{prefix}{key}"
        for part in (value, value.get("items", {}), *value.get("anyOf", [])):
            if "$ref" in part and key != "folder_defaults":
                yield from keys_of_model(resolved(part), f"{prefix}{key}.")


def keys_of_values(values: object, prefix: str = "") -> Iterator[str]:
    for entry in values if isinstance(values, list) else [values]:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            yield f"{prefix}{key}"
            yield from keys_of_values(value, f"{prefix}{key}.")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def uncommented() -> str:
    """The example with all keys that it shows behind a "#" taken in; a first key replaces its section's ``{}``."""
    known = "|".join({key.rpartition(".")[2] for key in keys_of_model(SCHEMA)})
    return re.sub(rf"^(\s*)# ((?:{known}): )", r"\1\2", EXAMPLE.read_text(), flags=re.MULTILINE)


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a value fits, for the words of JSON Schema that ours uses; another word is a failing test."""
    schema = resolved(schema)
    kinds = {word: _WORDS[word][0] for word in schema}
    return all(
        _WORDS[word][1](value, operand, schema) for word, operand in schema.items() if isinstance(value, kinds[word])
    )


def is_of_type(value: object, kind: str) -> bool:
    is_number_by_name_only = isinstance(value, bool) and kind != "boolean"
    return isinstance(value, _TYPES[kind]) and not is_number_by_name_only


_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "null": type(None),
}
#: What a word judges, and how.
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("$schema", "$defs", "title", "description", "default", "format"), (object, lambda *_: True)),
    "type": (object, lambda value, kind, _: is_of_type(value, kind)),
    "enum": (object, lambda value, allowed, _: value in allowed),
    "const": (object, lambda value, only, _: value == only),
    "anyOf": (object, lambda value, options, _: any(fits(value, option) for option in options)),
    "pattern": (str, lambda value, pattern, _: re.search(pattern, value)),
    "minLength": (str, lambda value, length, _: len(value) >= length),
    "minItems": (list, lambda value, length, _: len(value) >= length),
    "minimum": (int | float, lambda value, limit, _: value >= limit),
    "exclusiveMinimum": (int | float, lambda value, limit, _: value > limit),
    "maximum": (int | float, lambda value, limit, _: value <= limit),
    "items": (list, lambda value, item, _: all(fits(each, item) for each in value)),
    "required": (dict, lambda value, keys, _: value.keys() >= set(keys)),
    "additionalProperties": (dict, lambda value, _, schema: value.keys() <= schema["properties"].keys()),
    "properties": (dict, lambda value, keys, _: all(fits(value[key], keys[key]) for key in keys if key in value)),
}


def test_the_example_shows_every_key_and_no_other() -> None:
    """Every key of the model stands in the example, commented or not, and nothing else does."""
    assert set(keys_of_values(yaml.safe_load(uncommented()))) == set(keys_of_model(SCHEMA))


@pytest.mark.parametrize("text", [EXAMPLE.read_text(), uncommented()], ids=["as it is", "every key taken in"])
def test_the_example_loads(tmp_path: Path, text: str) -> None:
    """The example is a valid configuration, as it is and with all its keys taken in; it fits the schema too."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    assert config.load(file, ENVIRONMENT).folders[0].name == "products"
    assert fits(yaml.safe_load(text), SCHEMA)


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    """Leaving out everything that is not "yours" changes nothing; what stands behind "#" are the defaults too."""
    file = tmp_path / "config.yaml"
    file.write_text(uncommented())
    shown = config.load(file, ENVIRONMENT)
    values = yaml.safe_load(EXAMPLE.read_text())
    account = {key: values["uploadcare"][key] for key in ("public_key", "secret_key_file")}
    folder = {key: values["folders"][0][key] for key in ("name", "input", "output")}
    assert {f"uploadcare.{key}" for key in account} | {f"folders.{key}" for key in folder} == YOURS
    file.write_text(json.dumps({"uploadcare": account, "folders": [folder]}))
    assert shown.model_copy(
        update={"folders": tuple(f.model_copy(update={"parameters": RemoveBg()}) for f in shown.folders)}
    ) == (config.load(file, ENVIRONMENT))


def test_every_key_is_described() -> None:
    """The schema describes every key in words."""
    for model in (ConfigurationFile, Account, FolderSettings, RemoveBg):
        assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    ("folder", "is_right"),
    [
        ("{max_size: 12 MB}", True),
        ("{max_size: 500}", True),
        ("{max_size: 12 MG}", False),
        ("{remove_bg: {bg_color: 000000, type_level: 1, crop_margin: 0}}", True),
        ("{remove_bg: {bg_color: '#fff'}}", False),
        ("{remove_bg: {roi: 0% 0% 90% 90%}}", True),
        ("{remove_bg: {roi: 0% 0% 90px 90%}}", False),
        ("{remove_bg: {position: 50% 20%, scale: 80%}}", True),
        ("{remove_bg: {scale: 5%}}", False),
        ("{filename: '{stem}-cut.png'}", True),
        ("{filename: '.{stem}.png'}", False),
        ("{filename: 'fixed.png'}", False),
        ("{recursiv: true}", False),
        ("{on_conflict: overwrite}", False),
        ("{exclude: '*.bak'}", False),
    ],
)
def test_schema_and_loader_agree(tmp_path: Path, folder: str, is_right: bool) -> None:  # noqa: FBT001  a parameter of the table
    """What the schema takes the loader takes, and what it refuses is refused."""
    text = f"{{uploadcare: {{public_key: k}}, folder_defaults: {folder}, folders: [{{name: a, input: i, output: o}}]}}"
    file = tmp_path / "config.yaml"
    file.write_text(text)
    try:
        config.load(file, ENVIRONMENT)
        is_loaded = True
    except config.loader.ConfigurationError:
        is_loaded = False
    assert (fits(yaml.safe_load(text), SCHEMA), is_loaded) == (is_right, is_right)
