"""A configured folder with its two trees, as code builds it."""

from pathlib import Path

from cutoutd.config.settings import Folders, FolderSettings, Settings
from support.processes.sandbox_process import PUBLIC_KEY, SECRET_KEY


def folder_in(place: Path, **others: object) -> FolderSettings:
    """The folder "products" with an input and an output tree in this place; both are there."""
    trees = {"input": place / "in", "output": place / "out"}
    for tree in trees.values():
        tree.mkdir(exist_ok=True)
    return FolderSettings.model_validate({"name": "products", **trees, **others})


def folders_of(*folders: FolderSettings) -> Folders:
    """Return these folders by name."""
    return Folders({folder.name: folder for folder in folders})


def settings_in(place: Path, url: str, *folders: FolderSettings, **others: object) -> Settings:
    """The settings of a daemon whose Uploadcare, a sandbox, lives at one address."""
    bases = dict.fromkeys(("api_base", "upload_base", "cdn_base"), url)
    account = {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY, **bases} | others
    return Settings.model_validate(
        {
            "state_dir": place / "state",
            "folders": folders,
            "uploadcare": account,
            "watch": {"stability_delay_s": 0.1, "rescan_interval_s": 1},
        }
    )
