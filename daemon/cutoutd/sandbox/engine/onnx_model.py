"""The engine of a trained model: it finds the subject by what it is, not by its colour.

The model sees a small square picture. Its opacities are carried back to full size by the same filter as GrabCut's
outline. Importing this module imports onnxruntime and OpenCV.
"""

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from cutoutd.sandbox.engine.geometry import Box
from cutoutd.sandbox.engine.matting import refine
from cutoutd.sandbox.engine.model_catalog import Recipe, recipe_for
from cutoutd.sandbox.engine.model_files import ModelError

Floats = npt.NDArray[np.float32]

_NOTHING = 0.5
"""If no pixel is more opaque than this, the model has found nothing."""
_BATCH_AND_CHANNELS = 4
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready, and the form of its input."""

    session: onnxruntime.InferenceSession
    recipe: Recipe
    input_name: str
    width: int
    height: int

    def opacities(self, picture: Image.Image) -> Floats:
        """Return the opacities (0 to 1) of an RGB picture, in the size of the model's output."""
        small = picture.resize((self.width, self.height), Image.Resampling.LANCZOS, reducing_gap=3)
        colours = np.asarray(small, dtype=np.float32)
        colours /= max(float(colours.max()), 1e-6)
        prepared = (colours - np.asarray(self.recipe.mean, np.float32)) / np.asarray(self.recipe.spread, np.float32)
        # One at a time, because a model takes all cores and up to gigabytes for itself.
        with _ONE_AT_A_TIME:
            found = self.session.run(None, {self.input_name: prepared.transpose(2, 0, 1)[None]})[0]
        return _as_opacities(np.asarray(found, dtype=np.float32))


def find_foreground(picture: Image.Image, region: Box, model_file: Path) -> Image.Image:
    """Return the mask of an RGB picture, grey and of its size: 255 is foreground; 0 outside of ``region``."""
    model = load(model_file)
    found = model.opacities(picture)
    kept = Image.new("L", picture.size)
    if found.max() <= _NOTHING:
        return kept
    reduced = picture.copy()
    reduced.thumbnail((found.shape[1], found.shape[0]), Image.Resampling.BOX, reducing_gap=2)
    sized = Image.fromarray(found).resize(reduced.size, Image.Resampling.BILINEAR)
    mask = refine(picture, np.asarray(reduced), np.asarray(sized, dtype=np.float32))
    bounds = (int(region.left), int(region.top), int(region.right), int(region.bottom))
    kept.paste(mask.crop(bounds), bounds)
    return kept


@lru_cache(maxsize=1)
def load(model_file: Path) -> LoadedModel:
    """Load a model once. Blocks for seconds. Raises ModelError if it is no model of this kind."""
    recipe = recipe_for(model_file)
    try:
        session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{model_file} cannot be read as an ONNX model: {error}") from error
    wanted = session.get_inputs()[0]
    if len(session.get_inputs()) != 1 or len(wanted.shape) != _BATCH_AND_CHANNELS or wanted.type != "tensor(float)":
        raise ModelError(f"{model_file} does not take one picture: its input is {wanted.type} {wanted.shape}")
    height, width = (side if isinstance(side, int) else recipe.side_px for side in wanted.shape[2:])
    return LoadedModel(session, recipe, wanted.name, width, height)


def _as_opacities(found: Floats) -> Floats:
    """Return a model's output as opacities: some end before the last step, the logistic function."""
    mask: Floats = found.reshape(-1, *found.shape[-2:])[0]
    if mask.min() < 0 or mask.max() > 1:
        mask = np.asarray(1 / (1 + np.exp(-np.clip(mask, -30, 30))), np.float32)
    least, most = float(mask.min()), float(mask.max())
    if most <= _NOTHING:
        return mask
    # Stretched, because most models never come to 0 and 1.
    return np.asarray((mask - least) / max(most - least, 1e-6), np.float32)
