"""The check of a source against the model: every value that does not fit becomes a fault at its own place.

An unknown key gets a suggestion of the likely one.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cutoutd.config.settings import LARGEST_UPLOAD_BYTES, ConfigurationFile, FolderDefaults, FolderSettings
from cutoutd.config.types.frozen_model import FrozenModel
from cutoutd.config.yaml_source import ConfigFault, KeyPath, Source, quoted


def suggest_key(unknown: str, known: Iterable[str]) -> str:
    """Return the nearest known key as a question, or a list of all known keys."""
    known = list(known)
    nearest = difflib.get_close_matches(unknown.lower().replace("-", "_"), known, n=1)
    return f'did you mean "{nearest[0]}"?' if nearest else f"known here: {', '.join(known)}"


_FOLDER_ONLY_KEYS = tuple(sorted(FolderSettings.attributes_by_key().keys() - FolderDefaults.attributes_by_key().keys()))

#: pydantic's error types as sentences for people; the error's context fills the braces.
_SENTENCES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of reasonable size",
    "decimal_parsing": "must be a number such as 0.50",
    "decimal_type": "must be a number such as 0.50",
    "finite_number": "must be a number such as 0.50",
    "float_type": "must be a duration such as 500ms, 60s, 2m or 1h",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "path_type": "must be a path",
    "model_type": "must be a section of keys and values",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:,g}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "too_short": "must hold at least one entry",
    "value_error": "{error}",
}


def validate(source: Source, folder: Path) -> tuple[ConfigurationFile | None, list[ConfigFault]]:
    """Return the configuration, or the faults of all values that do not fit; relative paths start at ``folder``."""
    try:
        return ConfigurationFile.model_validate(source.values, context=folder, by_alias=True, by_name=False), []
    except ValidationError as error:
        found = [_fault(source, each) for each in error.errors(include_url=False)]
        return None, [fault for fault in found if fault is not None]


def _fault(source: Source, error: ErrorDetails) -> ConfigFault | None:
    """Return the fault of one error, or None if it was reported already at its place."""
    path: KeyPath = error["loc"]
    if source.is_unread(path) or _is_echo(error):
        return None
    if error["type"] == "missing":
        return source.fault_at(path, f"is missing. {_description(path)}")
    if _is_inherited(source, path):
        return None
    if error["type"] == "extra_forbidden":
        return source.fault_at_key(path, _unknown_key(path))
    return source.fault_at(path, _sentence(error) + _shown(error))


def _is_inherited(source: Source, path: KeyPath) -> bool:
    """Return True if a folder's value stands in folder_defaults, where it is validated as well."""
    below = ("folder_defaults", *path[2:])
    return path[:1] == ("folders",) and path not in source.contents and below in source.contents


def _is_echo(error: ErrorDetails) -> bool:
    """Return True if a list is called too short only because all its entries are faulty."""
    return error["type"] == "too_short" and bool(error["input"])


def _sentence(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "less_than_equal" and context["le"] == LARGEST_UPLOAD_BYTES:
        return "must be at most 12 MiB (12,582,912 bytes), the most that Uploadcare takes for remove_bg"
    template = _SENTENCES.get(error["type"])
    if template is None:
        return error["msg"]
    # Name the unit, because only limits of durations are no whole numbers.
    unit = " seconds" if any(isinstance(limit, float) for limit in context.values()) else ""
    return template.format_map({**context, "expected": context.get("expected", "").replace("'", '"')}) + unit


def _shown(error: ErrorDetails) -> str:
    """Quote the value, but not in the account's section, because people put secrets in the wrong place."""
    value = error["input"]
    if error["loc"][:1] == ("uploadcare",) or not isinstance(value, str):
        return ""
    return f" (here: {quoted(value)})" if value else " (here: nothing)"


def _unknown_key(path: KeyPath) -> str:
    *around, key = path
    model = _model_at(tuple(around))
    if model is FolderDefaults and key in _FOLDER_ONLY_KEYS:
        return "unknown key; it belongs to each folder itself"
    return f"unknown key; {suggest_key(str(key), model.attributes_by_key())}"


def _model_at(path: KeyPath) -> type[FrozenModel]:
    """Return the model that defines the keys of a section."""
    model: type[FrozenModel] = ConfigurationFile
    for step in path:
        if isinstance(step, str):
            annotation = model.model_fields[model.attributes_by_key()[step]].annotation
            model = next(kind for kind in (annotation, *get_args(annotation)) if _is_section(kind))
    return model


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, FrozenModel)


def _description(path: KeyPath) -> str:
    model = _model_at(path[:-1])
    return model.model_fields[model.attributes_by_key()[str(path[-1])]].description or ""
