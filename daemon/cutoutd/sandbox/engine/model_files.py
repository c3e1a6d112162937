"""The way from the name of a model to its file: a file of the user's, one that is here already, or a download.

Nothing is downloaded unless the caller's question was answered with yes.
"""

import hashlib
import os
import uuid
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import httpx2

from cutoutd.sandbox.engine.model_catalog import CATALOG, CatalogModel

_LARGEST_EXCESS = 1.25
"""A download may be longer than the catalogue says by this factor; beyond, it is another file."""
_TIME_OUT_S = 30.0


class ModelError(Exception):
    """A model that cannot be used, with the reason and the remedy in its text."""


def default_folder() -> Path:
    """Return the folder of downloaded models."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "cutoutd" / "models"


def require_runtime() -> None:
    """Raise ModelError unless the runtime of models is installed."""
    if find_spec("onnxruntime") is None:
        raise ModelError("onnxruntime is not installed; install it with: pip install 'cutoutd[model]'")


def find_model(
    wanted: str, folder: Path, is_agreed: Callable[[str], bool], catalog: Mapping[str, CatalogModel] = CATALOG
) -> Path:
    """Return the file of a model, which is downloaded if the question about it is answered with yes. Blocking.

    Args:
        wanted: A name of the catalogue, or the path of an ONNX file.
        folder: The folder of downloaded models.
        is_agreed: Asked with size, source and licence before a download.
        catalog: The models that can be downloaded.

    Raises:
        ModelError: There is no such model, the answer was no, or the download failed.
    """
    if os.sep in wanted or wanted.endswith(".onnx"):
        if not os.path.isfile(wanted):  # noqa: PTH113 - Path.is_file() raises in closed folders
            raise ModelError(f"{wanted} is not a file that can be opened")
        return Path(wanted)
    if wanted not in catalog:
        raise ModelError(f"there is no model {wanted!r}; there are {', '.join(catalog)}, and each FILE.onnx")
    path = folder / f"{wanted}.onnx"
    if not path.exists():
        if not is_agreed(describe(wanted, catalog[wanted], path)):
            raise ModelError(f"the model {wanted} is not on this machine, and its download was not agreed to")
        download(catalog[wanted], path)
    return path


def describe(name: str, model: CatalogModel, path: Path) -> str:
    """Return size, source, licence and destination of a download, for the question about it."""
    return (
        f"The model {name} is not on this machine yet.\n"
        f"  size:     about {model.size_mb} MB\n"
        f"  source:   {model.url}\n"
        f"  licence:  {model.licence}\n"
        f"  goes to:  {path}"
    )


def download(model: CatalogModel, path: Path) -> None:
    """Download a model, whole and with the right checksum, or raise ModelError. Blocking."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _stream(model, part) != model.md5:
            raise ModelError(f"what came from {model.url} is not the model: its checksum is wrong")
        part.rename(path)
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ModelError(
            f"{model.url} could not be downloaded: {reason}; save it yourself and name the file"
        ) from error
    except OSError as error:
        raise ModelError(f"{error.filename or path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _stream(model: CatalogModel, part: Path) -> str:
    """Write a download to ``part``, and return its MD5."""
    digest, size = hashlib.md5(usedforsecurity=False), 0
    with (
        httpx2.Client(follow_redirects=True, timeout=_TIME_OUT_S) as client,
        client.stream("GET", model.url) as response,
        part.open("wb") as file,
    ):
        response.raise_for_status()
        for piece in response.iter_bytes():
            size += len(piece)
            if size > model.size_mb * 1e6 * _LARGEST_EXCESS:
                raise ModelError(f"what comes from {model.url} is larger than {model.size_mb} MB")
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()
