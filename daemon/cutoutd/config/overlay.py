"""What else has a say before values are checked: the environment, which wins, and folder_defaults, which yields."""

from collections.abc import Mapping
from dataclasses import replace

from cutoutd.config.fault import KeyPath
from cutoutd.config.settings import FolderDefaults
from cutoutd.config.source import Source, Value

VARIABLES = {
    "UPLOADCARE_PUBLIC_KEY": "public_key",
    "UPLOADCARE_API_BASE": "api_base",
    "UPLOADCARE_UPLOAD_BASE": "upload_base",
    "UPLOADCARE_CDN_BASE": "cdn_base",
}


def with_environment(source: Source, environ: Mapping[str, str]) -> Source:
    """The source with the variables that are set; an empty one counts as not set, as unit files often leave them."""
    account = source.values.get("uploadcare") or {}
    if not isinstance(account, dict):
        return source
    given = {variable: key for variable, key in VARIABLES.items() if environ.get(variable)}
    overlaid: dict[str, Value] = {**account, **{key: environ[variable] for variable, key in given.items()}}
    origins: dict[KeyPath, str] = {("uploadcare", key): variable for variable, key in given.items()}
    return replace(source, values={**source.values, "uploadcare": overlaid}, variables=origins)


def with_folder_defaults(source: Source) -> Source:
    """The source with what folders share put into every folder that says nothing of its own."""
    defaults, folders = source.values.get("folder_defaults"), source.values.get("folders")
    if not isinstance(defaults, dict) or not isinstance(folders, list):
        return source
    # A key that is unknown there is a fault there, and not one of every folder.
    shared = {key: value for key, value in defaults.items() if key in FolderDefaults.written_keys()}
    merged: list[Value] = [_merged(shared, folder) if isinstance(folder, dict) else folder for folder in folders]
    return replace(source, values={**source.values, "folders": merged})


def _merged(shared: dict[str, Value], own: dict[str, Value]) -> dict[str, Value]:
    """Sections (remove_bg) are merged key by key, everything else is replaced; null is no word of one's own."""
    merged = dict(shared)
    for key, value in own.items():
        below = shared.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merged(below, value)
        elif isinstance(below, dict) and value == "":
            continue  # "remove_bg:" with all its lines commented out
        elif value is not None or key not in shared:
            merged[key] = value
    return merged
