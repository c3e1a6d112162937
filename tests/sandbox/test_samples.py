"""The sample photos of ``cutoutd try``."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps, ImageStat

from cutoutd.sandbox.samples import SAMPLES, Sample, copy_samples

EXIF_ORIENTATION = 0x0112

SIZES = {
    "blue mug.jpg": (1200, 1200),
    "olive oil.jpg": (1000, 1500),
    "Vase für Blumen.png": (1100, 1500),
    "sneaker (left).jpg": (1500, 1100),
    "handbag.png": (1300, 1300),
    "lamp.jpg": (1200, 1500),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="module")
def copied(folder: Path) -> tuple[Path, ...]:
    """All samples, copied once."""
    return copy_samples(folder)


def upright(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return ImageOps.exif_transpose(picture).copy()


def test_the_tree_has_names_as_people_give_them(folder: Path, copied: tuple[Path, ...]) -> None:
    """Folders within folders, spaces, an umlaut and an emoji are all there, as JPEG and as PNG."""
    names = [str(path.relative_to(folder)) for path in copied]
    assert names == [sample.name for sample in SAMPLES]
    together = " ".join(names)
    assert all(sign in together for sign in ("/", " ", "ü", "🌟"))
    assert any(name.count("/") > 1 for name in names)
    assert {path.suffix for path in copied} == {".jpg", ".png"}


def test_every_file_is_a_photo_of_its_kind_and_size(copied: tuple[Path, ...]) -> None:
    """Each opens as what its name says, upright in its own size."""
    for path in copied:
        with Image.open(path) as photo:
            assert photo.format == {".jpg": "JPEG", ".png": "PNG"}[path.suffix]
        assert upright(path).size == SIZES[path.name]


def test_exactly_one_photo_is_stored_on_its_side(copied: tuple[Path, ...]) -> None:
    """One JPEG carries EXIF orientation 6; that undoing it fits the mask is proved with GrabCut."""
    turned = []
    for path in copied:
        with Image.open(path) as photo:
            if photo.getexif().get(EXIF_ORIENTATION, 1) == 6:
                turned.append(path.name)
                assert photo.size == (1500, 1200)
    assert turned == ["lamp.jpg"]


def test_copying_again_writes_the_same_bytes(copied: tuple[Path, ...], tmp_path: Path) -> None:
    """The samples never change, so that a second try sends nothing new."""
    assert [path.read_bytes() for path in copy_samples(tmp_path)] == [path.read_bytes() for path in copied]


def test_the_samples_stay_small() -> None:
    """Photos and masks together make the package less than 0.9 MB larger."""
    assert sum(path.stat().st_size for sample in SAMPLES for path in (sample.photo, sample.mask)) < 900_000


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_mask_covers_a_product_that_does_not_touch_the_border(sample: Sample) -> None:
    """The true outline is a good part of the picture, with room all around."""
    mask = upright(sample.mask)
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    assert mask.size == upright(sample.photo).size
    assert 0.08 < ImageStat.Stat(mask).mean[0] / 255 < 0.6
    assert min(left, top, mask.width - right, mask.height - bottom) > 40


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_product_stands_out_from_its_paper(sample: Sample) -> None:
    """Outside of the mask the photo is the plain paper, shadow included; inside it is something else."""
    photo, mask = upright(sample.photo), upright(sample.mask)
    outside = mask.point(lambda level: 255 if level == 0 else 0)
    inside = mask.point(lambda level: 255 if level == 255 else 0)
    paper = ImageStat.Stat(photo, outside)
    assert max(paper.stddev) < 14
    assert max(ImageStat.Stat(photo, inside).stddev) > 20


def test_copying_needs_nothing_but_pillow(tmp_path: Path) -> None:
    """The samples come with the plain installation, which has neither numpy nor OpenCV."""
    script = (
        "import pathlib, sys; sys.modules['numpy'] = sys.modules['cv2'] = None;"
        "from cutoutd.sandbox.samples import copy_samples; copy_samples(pathlib.Path(sys.argv[1]))"
    )
    source = Path(__file__).parents[2] / "daemon"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env={"PYTHONPATH": str(source)})
