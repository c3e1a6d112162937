"""From a configuration file and the environment to settings, or to the list of everything that is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from cutoutd.config import overlap_check as trees
from cutoutd.config import overlay, validation
from cutoutd.config.document import Document
from cutoutd.config.fault import Fault, Place
from cutoutd.config.secrets import VARIABLE, sealed_for, secret_key
from cutoutd.config.settings import Common, Settings, Uploadcare
from cutoutd.config.source import Source
from cutoutd.config.text_types import absolute
from cutoutd.config.yaml_source import read_source
from cutoutd.core.errors import ConfigurationError

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
    shared = {name: getattr(document, name) for name in Common.model_fields}
    return Settings(uploadcare=Uploadcare(secret_key=secret, **dict(document.uploadcare)), **shared)


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """Everything but the secret, for commands that only look and may run as somebody who cannot read it.

    Raises:
        ConfigurationError: as ``load``.
    """
    document, faults = _examined(_source(path, environ), path)
    if document is None or faults:
        raise _refusal(faults)
    return document


def _source(path: Path, environ: Mapping[str, str]) -> Source:
    return overlay.with_folder_defaults(overlay.with_environment(read_source(path), environ))


def _examined(source: Source, path: Path) -> tuple[Document | None, list[Fault]]:
    document, faults = validation.validated(source, path.parent)
    crossed = [*trees.name_faults(source), *trees.archive_faults(source), *trees.tree_faults(source, path.parent)]
    return document, [*source.faults, *faults, *crossed]


def _secret(source: Source, path: Path, environ: Mapping[str, str]) -> tuple[SecretStr | None, list[Fault]]:
    if source.is_unread(_SECRET):
        return None, []
    try:
        return secret_key(_secret_file(source, path.parent, environ), environ, sealed_for(path)), []
    except ValueError as error:
        if environ.get(VARIABLE):
            return None, [Fault("environment", None, VARIABLE, str(error))]
        return None, [source.fault_at(_SECRET, str(error))]


def _secret_file(source: Source, folder: Path, environ: Mapping[str, str]) -> Path | None:
    account = source.values.get("uploadcare")
    text = account.get("secret_key_file") if isinstance(account, dict) else None
    return absolute(text, folder) if isinstance(text, str) and not environ.get(VARIABLE) else None


def _refusal(faults: list[Fault]) -> ConfigurationError:
    in_order = sorted(faults, key=lambda fault: fault.place or Place(0, 0))
    return ConfigurationError(tuple(dict.fromkeys(str(fault) for fault in in_order)))
