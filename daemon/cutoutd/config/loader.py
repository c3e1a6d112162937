"""The way from a configuration file and the environment to settings, or to a list of all faults.

``find`` chooses the file. Environment variables win over the file, and ``folder_defaults`` fill the gaps of folders.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from cutoutd.config import overlap_check, validation
from cutoutd.config.secrets import VARIABLE, find_encrypted_credential, read_secret_key
from cutoutd.config.settings import AccountWithSecret, CommonSettings, ConfigurationFile, FolderDefaults, Settings
from cutoutd.config.types.text_types import absolute_path
from cutoutd.config.yaml_source import ConfigFault, KeyPath, Source, SourcePosition, Value, read_source
from cutoutd.core.errors import ConfigurationError

SYSTEM_WIDE = Path("/etc/cutoutd/config.yaml")

VARIABLES = {
    "UPLOADCARE_PUBLIC_KEY": "public_key",
    "UPLOADCARE_API_BASE": "api_base",
    "UPLOADCARE_UPLOAD_BASE": "upload_base",
    "UPLOADCARE_CDN_BASE": "cdn_base",
}

_SECRET_KEY_FILE = ("uploadcare", "secret_key_file")


def find(explicit: Path | None, environ: Mapping[str, str], cwd: Path, *, system_wide: Path = SYSTEM_WIDE) -> Path:
    """Return the named file, else $CUTOUTD_CONFIG, else config.yaml in ``cwd``, else /etc/cutoutd/config.yaml.

    A named file need not exist, because the fault of reading it is the better message.

    Args:
        explicit: the file of the option ``--config``.
        environ: the environment.
        cwd: the working directory.
        system_wide: the last place.

    Raises:
        ConfigurationError: no file was named, and neither of the two places holds one.
    """
    named = explicit or (Path(environ["CUTOUTD_CONFIG"]) if environ.get("CUTOUTD_CONFIG") else None)
    if named is not None:
        return cwd / named
    places = (cwd / "config.yaml", system_wide)
    # Use os.path, because Path.is_file() raises in folders closed to this user, for example after sudo -u.
    found = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113  see above
    if found is None:
        tried = " and ".join(str(place) for place in places)
        raise ConfigurationError(
            (f"there is no configuration: looked at {tried}; name one with --config FILE or $CUTOUTD_CONFIG",)
        )
    return found


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the checked settings; folders need not exist, because `check` and `run` look at the machine.

    Raises:
        ConfigurationError: all faults at once, in the order of the file, each with line, column and key.
    """
    source = _read_with_overlays(path, environ)
    secret, secret_faults = _read_secret(source, path, environ)
    document, faults = _check(source, path)
    if document is None or secret is None or faults:
        raise _configuration_error([*secret_faults, *faults])
    shared = {name: getattr(document, name) for name in CommonSettings.model_fields}
    return Settings(uploadcare=AccountWithSecret(secret_key=secret, **dict(document.uploadcare)), **shared)


def read(path: Path, environ: Mapping[str, str]) -> ConfigurationFile:
    """Return everything but the secret, for commands that run as a user without access to it.

    Raises:
        ConfigurationError: as ``load``.
    """
    document, faults = _check(_read_with_overlays(path, environ), path, is_following_links=False)
    if document is None or faults:
        raise _configuration_error(faults)
    return document


def _read_with_overlays(path: Path, environ: Mapping[str, str]) -> Source:
    return apply_folder_defaults(apply_environment(read_source(path), environ))


def apply_environment(source: Source, environ: Mapping[str, str]) -> Source:
    """Return the source with the variables that are set.

    An empty variable counts as not set, because unit files often contain such variables.
    """
    account = source.values.get("uploadcare") or {}
    if not isinstance(account, dict):
        return source
    given = {variable: key for variable, key in VARIABLES.items() if environ.get(variable)}
    overlaid: dict[str, Value] = {**account, **{key: environ[variable] for variable, key in given.items()}}
    origins: dict[KeyPath, str] = {("uploadcare", key): variable for variable, key in given.items()}
    return replace(source, values={**source.values, "uploadcare": overlaid}, variables=origins)


def apply_folder_defaults(source: Source) -> Source:
    """Return the source with the shared keys filled into every folder that does not set them."""
    defaults, folders = source.values.get("folder_defaults"), source.values.get("folders")
    if not isinstance(defaults, dict) or not isinstance(folders, list):
        return source
    # Skip unknown keys, else every folder would report the fault of the defaults.
    shared = {key: value for key, value in defaults.items() if key in FolderDefaults.attributes_by_key()}
    merged: list[Value] = [_merged(shared, folder) if isinstance(folder, dict) else folder for folder in folders]
    return replace(source, values={**source.values, "folders": merged})


def _merged(shared: dict[str, Value], own: dict[str, Value]) -> dict[str, Value]:
    """Merge sections (remove_bg) key by key, and replace everything else; a null in ``own`` sets nothing."""
    merged = dict(shared)
    for key, value in own.items():
        below = shared.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[key] = _merged(below, value)
        elif isinstance(below, dict) and value == "":
            continue  # because "remove_bg:" with all its lines commented out is an empty text
        elif value is not None or key not in shared:
            merged[key] = value
    return merged


def _check(
    source: Source, path: Path, *, is_following_links: bool = True
) -> tuple[ConfigurationFile | None, list[ConfigFault]]:
    document, faults = validation.validate(source, path.parent)
    between_folders = [
        *overlap_check.name_faults(source),
        *overlap_check.archive_faults(source),
        *overlap_check.tree_faults(source, path.parent, is_following_links=is_following_links),
    ]
    return document, [*source.faults, *faults, *between_folders]


def _read_secret(source: Source, path: Path, environ: Mapping[str, str]) -> tuple[SecretStr | None, list[ConfigFault]]:
    if source.is_unread(_SECRET_KEY_FILE):
        return None, []
    try:
        return read_secret_key(_secret_file(source, path.parent, environ), environ, find_encrypted_credential(path)), []
    except ValueError as error:
        if environ.get(VARIABLE):
            return None, [ConfigFault("environment", None, VARIABLE, str(error))]
        return None, [source.fault_at(_SECRET_KEY_FILE, str(error))]


def _secret_file(source: Source, folder: Path, environ: Mapping[str, str]) -> Path | None:
    account = source.values.get("uploadcare")
    text = account.get("secret_key_file") if isinstance(account, dict) else None
    return absolute_path(text, folder) if isinstance(text, str) and not environ.get(VARIABLE) else None


def _configuration_error(faults: list[ConfigFault]) -> ConfigurationError:
    in_order = sorted(faults, key=lambda fault: fault.place or SourcePosition(0, 0))
    return ConfigurationError(tuple(dict.fromkeys(str(fault) for fault in in_order)))
