"""The models for ``--engine model``: the catalogue of the rembg project, and the recipe for the input of each.

Names, addresses and checksums are those of rembg's own release, so that its documentation and its files fit. Models
that may not be used for business are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
_U2NET = "Apache-2.0 (U²-Net, X. Qin and others)"
_ISNET = "Apache-2.0 (IS-Net, X. Qin and others)"
_BIREFNET = "MIT (BiRefNet, P. Zheng and others)"
DEFAULT_MODEL = "u2netp"

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The way from a picture to a model's input, and from its output to opacities.

    Attributes:
        mean: Subtracted from red, green and blue (0 to 1).
        spread: What remains is divided by it.
        side_px: Side of the square input, where the model itself leaves it open.
    """

    mean: Colour = (0.485, 0.456, 0.406)
    spread: Colour = (0.229, 0.224, 0.225)
    side_px: int = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogModel:
    """A model that can be downloaded.

    Attributes:
        url: Its address.
        size_mb: Its size; the real one may differ a little.
        md5: Its checksum, as rembg publishes it.
        licence: Its licence and authors.
        recipe: The recipe for its input.
    """

    url: str
    size_mb: int
    md5: str
    licence: str
    recipe: Recipe = Recipe()


_CENTRED = Recipe(mean=(0.5, 0.5, 0.5), spread=(1.0, 1.0, 1.0), side_px=1024)
_LARGE = Recipe(side_px=1024)
CATALOG: Mapping[str, CatalogModel] = {
    "u2netp": CatalogModel(
        url=f"{_RELEASE}/u2netp.onnx", size_mb=5, md5="8e83ca70e441ab06c318d82300c84806", licence=_U2NET
    ),
    "silueta": CatalogModel(
        url=f"{_RELEASE}/silueta.onnx", size_mb=44, md5="55e59e0d8062d2f5d013f4725ee84782", licence=_U2NET
    ),
    "u2net": CatalogModel(
        url=f"{_RELEASE}/u2net.onnx", size_mb=176, md5="60024c5c889badc19c04ad937298a77b", licence=_U2NET
    ),
    "u2net_human_seg": CatalogModel(
        url=f"{_RELEASE}/u2net_human_seg.onnx", size_mb=176, md5="c09ddc2e0104f800e3e1bb4652583d1f", licence=_U2NET
    ),
    "isnet-general-use": CatalogModel(
        url=f"{_RELEASE}/isnet-general-use.onnx",
        size_mb=179,
        md5="fc16ebd8b0c10d971d3513d564d01e29",
        licence=_ISNET,
        recipe=_CENTRED,
    ),
    "birefnet-general-lite": CatalogModel(
        url=f"{_RELEASE}/BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx",
        size_mb=224,
        md5="4fab47adc4ff364be1713e97b7e66334",
        licence=_BIREFNET,
        recipe=_LARGE,
    ),
    "birefnet-general": CatalogModel(
        url=f"{_RELEASE}/BiRefNet-general-epoch_244.onnx",
        size_mb=973,
        md5="7a35a0141cbbc80de11d9c9a28f52697",
        licence=_BIREFNET,
        recipe=_LARGE,
    ),
}


def recipe_for(path: Path) -> Recipe:
    """Return the recipe of the catalogue's model of that name, else that of most models."""
    for name, model in CATALOG.items():
        if path.stem in {name, Path(model.url).stem}:
            return model.recipe
    return Recipe()
