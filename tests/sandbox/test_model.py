"""``--engine model``: a trained model as the engine, and its way onto the machine, with a model that the test makes."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from cutoutd.sandbox.engine import ModelEngine, Parameters, UnknownForegroundError, cut_out, parse_parameters
from cutoutd.sandbox.engine.model_catalog import CATALOG, CatalogModel, recipe_for
from cutoutd.sandbox.engine.model_files import ModelError, find_model
from support.images.tiny_model import write_tiny_model
from support.processes.sandbox_process import PUBLIC_KEY, SOURCE_ROOT, SandboxProcess, wait_for_removal


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.onnx")


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A red ellipse on white, 600 by 400."""
    return draw(tmp_path / "product.png", "ellipse")


def draw(path: Path, shape: str = "") -> Path:
    picture = Image.new("RGB", (600, 400), "white")
    if shape:
        ImageDraw.Draw(picture).ellipse((180, 60, 320, 340), fill=(200, 30, 40))
    picture.save(path)
    return path


@pytest.mark.parametrize(("last", "side"), [("Sigmoid", 64), ("Identity", 64), ("Sigmoid", "side")])
def test_model_cuts_out(product: Path, tmp_path: Path, last: str, side: int | str) -> None:
    """A model with or without its last step, of a fixed or an open size, gives a sharp cutout of the source's size."""
    engine = ModelEngine(write_tiny_model(tmp_path / f"{last}{side}.onnx", last=last, side=side))
    cut_out(product, tmp_path / "cutout.png", Parameters(), engine=engine)
    with Image.open(tmp_path / "cutout.png") as result:
        assert (result.format, result.mode, result.size) == ("PNG", "RGBA", (600, 400))
        assert result.getpixel((250, 200)) == (200, 30, 40, 255)
        assert [result.getpixel(place) for place in ((5, 5), (100, 200), (250, 40))] == [(0, 0, 0, 0)] * 3
        truth = Image.new("L", (600, 400))
        ImageDraw.Draw(truth).ellipse((180, 60, 320, 340), fill=255)
        wrong = sum(a != b for a, b in zip(_halves(result.getchannel("A")), _halves(truth), strict=True))
        assert wrong < 600 * 400 * 0.005


def _halves(mask: Image.Image) -> bytes:
    return mask.point(lambda level: 255 if level >= 128 else 0).tobytes()


def test_region_and_empty_pictures(model: Path, product: Path, tmp_path: Path) -> None:
    """Outside of the region nothing is foreground, and a picture without a subject is ``unknown_foreground``."""
    parameters = parse_parameters({"roi": "0% 0% 100% 50%"})
    cut_out(product, tmp_path / "cutout.png", parameters, engine=ModelEngine(model))
    with Image.open(tmp_path / "cutout.png") as result:
        assert result.getpixel((250, 100)) == (200, 30, 40, 255)
        assert result.getpixel((250, 300)) == (0, 0, 0, 0)
    with pytest.raises(UnknownForegroundError):
        cut_out(draw(tmp_path / "blank.png"), tmp_path / "cutout.png", Parameters(), engine=ModelEngine(model))


def test_recipes_go_by_name() -> None:
    """A file of the catalogue's name gets that model's recipe, under rembg's name and under that of its release."""
    assert recipe_for(Path("/models/isnet-general-use.onnx")).side_px == 1024
    assert recipe_for(Path("BiRefNet-general-epoch_244.onnx")) == CATALOG["birefnet-general"].recipe
    assert recipe_for(Path("mine.onnx")).side_px == 320


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_broken_models_are_told(tmp_path: Path, product: Path, content: bytes) -> None:
    """A file that is no model is named in the error."""
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be read as an ONNX model"):
        cut_out(product, tmp_path / "cutout.png", Parameters(), engine=ModelEngine(path))


class _OneFile(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def offered(model: Path) -> Iterator[CatalogModel]:
    """The model on a web server, as the catalogue describes one."""

    def handler(*given: object) -> _OneFile:
        return _OneFile(*given, directory=str(model.parent))  # type: ignore[arg-type] # the server's own arguments

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/{model.name}"
        md5 = hashlib.md5(model.read_bytes(), usedforsecurity=False).hexdigest()
        yield CatalogModel(url=url, size_mb=1, md5=md5, licence="MIT (the test)")
        server.shutdown()


def answering(questions: list[str], *, answer: bool) -> Callable[[str], bool]:
    def is_agreed(question: str) -> bool:
        questions.append(question)
        return answer

    return is_agreed


def test_download_is_asked_for_once(offered: CatalogModel, model: Path, tmp_path: Path) -> None:
    """The question says size, source, licence and destination; after a yes the file is whole and is not asked for."""
    questions: list[str] = []
    folder = tmp_path / "cache" / "models"
    found = find_model("tiny", folder, answering(questions, answer=True), {"tiny": offered})
    assert found.read_bytes() == model.read_bytes()
    assert all(word in questions[0] for word in ("about 1 MB", offered.url, "MIT (the test)", str(found)))
    assert find_model("tiny", folder, answering(questions, answer=False), {"tiny": offered}) == found
    assert len(questions) == 1
    assert list(folder.iterdir()) == [found]


def test_no_means_no(offered: CatalogModel, tmp_path: Path) -> None:
    """After a no, nothing is fetched, and not even a folder is made."""
    with pytest.raises(ModelError, match="was not agreed to"):
        find_model("tiny", tmp_path / "cache", answering([], answer=False), {"tiny": offered})
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"md5": "0" * 32}, "its checksum is wrong"),
        ({"size_mb": 0}, "is larger than 0 MB"),
        ({"url": "http://127.0.0.1:9/tiny.onnx"}, "could not be downloaded"),
    ],
)
def test_wrong_downloads_leave_nothing(
    offered: CatalogModel, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    """Another file, a longer one, or none at all is refused with the reason, and no part of it stays."""
    wrong = replace(offered, **change)  # type: ignore[arg-type] # fields by name
    with pytest.raises(ModelError, match=reason):
        find_model("tiny", tmp_path / "cache", answering([], answer=True), {"tiny": wrong})
    assert list((tmp_path / "cache").iterdir()) == []


def test_unknown_models_are_told(tmp_path: Path) -> None:
    """An unknown name is answered with the names that there are, a missing file with its path."""
    with pytest.raises(ModelError, match="there are u2netp, silueta"):
        find_model("magic", tmp_path, answering([], answer=True))
    with pytest.raises(ModelError, match=r"gone\.onnx is not a file"):
        find_model("gone.onnx", tmp_path, answering([], answer=True))


def test_sandbox_uses_the_model(tmp_path: Path, model: Path, photo: bytes) -> None:
    """``cutoutd sandbox --engine model --model FILE`` cuts out with the model."""
    with (
        SandboxProcess(tmp_path / "state", "--engine", "model", "--model", str(model)) as sandbox,
        sandbox.client() as rest,
        sandbox.unsigned_client() as plain,
    ):
        form, files = {"UPLOADCARE_PUB_KEY": PUBLIC_KEY}, {"file": ("cup.jpg", photo)}
        target = plain.post("/base/", data=form, files=files).json()["file"]
        removal = rest.post("/addons/remove_bg/execute/", json={"target": target}).json()
        status = wait_for_removal(rest, removal["request_id"])
        (tmp_path / "cutout.png").write_bytes(plain.get(f"/{status['result']['file_id']}/").content)
    with Image.open(tmp_path / "cutout.png") as result:
        assert result.getpixel((120, 80))[3] == 255
        assert result.getpixel((5, 5)) == (0, 0, 0, 0)


def test_sandbox_asks_before_a_download(tmp_path: Path) -> None:
    """Without ``--yes`` and a terminal, the sandbox says what it would download, and ends with status 2."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "cutoutd.sandbox", "--engine", "model", "--state-dir", str(tmp_path / "state")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "about 5 MB" in done.stderr
    assert "Apache-2.0" in done.stderr
    assert "its download was not agreed to" in done.stderr
    assert list(tmp_path.iterdir()) == []
