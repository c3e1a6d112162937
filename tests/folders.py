"""A configured folder with its two trees, as code builds it."""

from pathlib import Path

from cutoutd.config.settings import Folder


def folder_in(place: Path, **others: object) -> Folder:
    """The folder "products" with an input and an output tree in this place; both are there."""
    trees = {"input": place / "in", "output": place / "out"}
    for tree in trees.values():
        tree.mkdir(exist_ok=True)
    return Folder.model_validate({"name": "products", **trees, **others})
