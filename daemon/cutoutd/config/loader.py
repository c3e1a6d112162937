"""From a configuration file and the environment to settings, or to the list of everything that is wrong with them.

Which file is the configuration.

What else has a say before values are checked: the environment, which wins, and folder_defaults, which yields.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from cutoutd.config import overlap_check, validation
from cutoutd.config.secrets import VARIABLE, find_encrypted_credential, read_secret_key
from cutoutd.config.settings import AccountWithSecret, CommonSettings, ConfigurationFile, FolderDefaults, Settings
from cutoutd.config.text_types import absolute_path
from cutoutd.config.yaml_source import ConfigFault, KeyPath, Source, SourcePosition, Value, read_source
from cutoutd.core.errors import ConfigurationError

VARIABLES = {
    "UPLOADCARE_PUBLIC_KEY": "public_key",
    "UPLOADCARE_API_BASE": "api_base",
    "UPLOADCARE_UPLOAD_BASE": "upload_base",
    "UPLOADCARE_CDN_BASE": "cdn_base",
}


def apply_environment(source: Source, environ: Mapping[str, str]) -> Source:
    """The source with the variables that are set; an empty one counts as not set, as unit files often leave them."""
    account = source.values.get("uploadcare") or {}
    if not isinstance(account, dict):
        return source
    given = {variable: key for variable, key in VARIABLES.items() if environ.get(variable)}
    overlaid: dict[str, Value] = {**account, **{key: environ[variable] for variable, key in given.items()}}
    origins: dict[KeyPath, str] = {("uploadcare", key): variable for variable, key in given.items()}
    return replace(source, values={**source.values, "uploadcare": overlaid}, variables=origins)


def apply_folder_defaults(source: Source) -> Source:
    """The source with what folders share put into every folder that says nothing of its own."""
    defaults, folders = source.values.get("folder_defaults"), source.values.get("folders")
    if not isinstance(defaults, dict) or not isinstance(folders, list):
        return source
    # A key that is unknown there is a fault there, and not one of every folder.
    shared = {key: value for key, value in defaults.items() if key in FolderDefaults.attributes_by_key()}
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


SYSTEM_WIDE = Path("/etc/cutoutd/config.yaml")


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The file that was named, else $CUTOUTD_CONFIG, else config.yaml in ``cwd``, else /etc/cutoutd/config.yaml.

    What was named is taken at its word: reading it says what is wrong with it.

    Raises:
        ConfigurationError: none was named and neither of the two places holds one.
    """
    named = explicit or (Path(environ["CUTOUTD_CONFIG"]) if environ.get("CUTOUTD_CONFIG") else None)
    if named is not None:
        return cwd / named
    places = (cwd / "config.yaml", SYSTEM_WIDE)
    # Not Path.is_file(), which raises where this user may not look: in another one's home, say, after sudo -u.
    found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113  see above
    if found is None:
        looked = " and ".join(str(place) for place in places)
        raise ConfigurationError(
            (f"there is no configuration: looked at {looked}; name one with --config FILE or $CUTOUTD_CONFIG",)
        )
    return found


_SECRET = ("uploadcare", "secret_key_file")


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The checked settings; the environment wins over the file. Folders need not exist: that is for `check` and `run`.

    Raises:
        ConfigurationError: all faults at once, in the order of the file, each with line, column and key.
    """
    source = _source(path, environ)
    secret, secret_faults = _secret(source, path, environ)
    document, faults = _examined(source, path)
    if document is None or secret is None or faults:
        raise _refusal([*secret_faults, *faults])
    shared = {name: getattr(document, name) for name in CommonSettings.model_fields}
    return Settings(uploadcare=AccountWithSecret(secret_key=secret, **dict(document.uploadcare)), **shared)


def read(path: Path, environ: Mapping[str, str]) -> ConfigurationFile:
    """Everything but the secret, for commands that only look and may run as somebody who cannot read it.

    Raises:
        ConfigurationError: as ``load``.
    """
    document, faults = _examined(_source(path, environ), path)
    if document is None or faults:
        raise _refusal(faults)
    return document


def _source(path: Path, environ: Mapping[str, str]) -> Source:
    return apply_folder_defaults(apply_environment(read_source(path), environ))


def _examined(source: Source, path: Path) -> tuple[ConfigurationFile | None, list[ConfigFault]]:
    document, faults = validation.validate(source, path.parent)
    crossed = [
        *overlap_check.name_faults(source),
        *overlap_check.archive_faults(source),
        *overlap_check.tree_faults(source, path.parent),
    ]
    return document, [*source.faults, *faults, *crossed]


def _secret(source: Source, path: Path, environ: Mapping[str, str]) -> tuple[SecretStr | None, list[ConfigFault]]:
    if source.is_unread(_SECRET):
        return None, []
    try:
        return read_secret_key(_secret_file(source, path.parent, environ), environ, find_encrypted_credential(path)), []
    except ValueError as error:
        if environ.get(VARIABLE):
            return None, [ConfigFault("environment", None, VARIABLE, str(error))]
        return None, [source.fault_at(_SECRET, str(error))]


def _secret_file(source: Source, folder: Path, environ: Mapping[str, str]) -> Path | None:
    account = source.values.get("uploadcare")
    text = account.get("secret_key_file") if isinstance(account, dict) else None
    return absolute_path(text, folder) if isinstance(text, str) and not environ.get(VARIABLE) else None


def _refusal(faults: list[ConfigFault]) -> ConfigurationError:
    in_order = sorted(faults, key=lambda fault: fault.place or SourcePosition(0, 0))
    return ConfigurationError(tuple(dict.fromkeys(str(fault) for fault in in_order)))
