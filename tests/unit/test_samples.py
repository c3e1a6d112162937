"""The sample photos drawn for ``cutoutd try``."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps, ImageStat

from cutoutd.sandbox.samples import SAMPLES, Sample, draw_samples
from cutoutd.sandbox.samples.curves import smooth, widths

EXIF_ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture(scope="module")
def drawn(folder: Path) -> tuple[Path, ...]:
    """All samples, drawn once."""
    return draw_samples(folder)


def test_the_tree_has_names_as_people_give_them(folder: Path, drawn: tuple[Path, ...]) -> None:
    """Folders within folders, spaces, an umlaut and an emoji are all there, as JPEG and as PNG."""
    names = [str(path.relative_to(folder)) for path in drawn]
    assert names == [sample.name for sample in SAMPLES]
    together = " ".join(names)
    assert all(sign in together for sign in ("/", " ", "ü", "🌟"))
    assert any(name.count("/") > 1 for name in names)
    assert {path.suffix for path in drawn} == {".jpg", ".png"}


def test_every_file_is_a_photo_of_its_kind_and_size(drawn: tuple[Path, ...]) -> None:
    """Each opens as what its name says, upright in its own size."""
    for sample, path in zip(SAMPLES, drawn, strict=True):
        with Image.open(path) as photo:
            assert photo.format == {".jpg": "JPEG", ".png": "PNG"}[path.suffix]
            assert ImageOps.exif_transpose(photo).size == sample.size


def test_exactly_one_photo_is_stored_on_its_side(drawn: tuple[Path, ...]) -> None:
    """One JPEG carries EXIF orientation 6, and undoing it gives the picture that was drawn."""
    turned = []
    for sample, path in zip(SAMPLES, drawn, strict=True):
        with Image.open(path) as photo:
            if photo.getexif().get(EXIF_ORIENTATION, 1) == 6:
                turned.append(sample)
                difference = ImageChops.difference(ImageOps.exif_transpose(photo), sample.draw())
                assert max(ImageStat.Stat(difference).mean) < 2
    assert len(turned) == 1


def test_drawing_again_writes_the_same_bytes(drawn: tuple[Path, ...], tmp_path: Path) -> None:
    """The samples are deterministic, so that a second try sends nothing new."""
    assert [path.read_bytes() for path in draw_samples(tmp_path)] == [path.read_bytes() for path in drawn]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_mask_covers_a_product_that_does_not_touch_the_border(sample: Sample) -> None:
    """The true outline is a good part of the picture, with room all around."""
    mask = sample.mask()
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    assert mask.size == sample.size
    assert 0.08 < ImageStat.Stat(mask).mean[0] / 255 < 0.6
    assert min(left, top, mask.width - right, mask.height - bottom) > 40


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_product_stands_out_from_its_paper(sample: Sample) -> None:
    """Outside of the mask the photo is the plain paper, shadow included; inside it is something else."""
    photo, mask = sample.draw(), sample.mask()
    outside = mask.point(lambda level: 255 if level == 0 else 0)
    inside = mask.point(lambda level: 255 if level == 255 else 0)
    paper = ImageStat.Stat(photo, outside)
    assert max(paper.stddev) < 14
    assert max(ImageStat.Stat(photo, inside).stddev) > 20


def test_drawing_needs_nothing_but_pillow() -> None:
    """The samples come with the plain installation, which has neither numpy nor OpenCV."""
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['cv2'] = None;"
        "from cutoutd.sandbox.samples import SAMPLES; SAMPLES[0].draw()"
    )
    source = Path(__file__).parents[2] / "daemon"
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(source)})


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=3, max_size=8))
def test_a_smooth_curve_goes_through_every_point(points: list[tuple[float, float]]) -> None:
    """Outlines are given by points that lie on them."""
    assert set(points) <= set(smooth(points))


@given(st.lists(st.integers(1, 300), min_size=2, max_size=6))
def test_a_turned_body_has_one_width_at_each_height(halves: list[int]) -> None:
    """From the top to the foot there is one row for every pixel, as wide as the profile says where it says so."""
    profile = [(float(half), 100.0 * index) for index, half in enumerate(halves)]
    rows = widths(profile)
    assert all(below == above + 1 for (_, above), (_, below) in pairwise(rows))
    assert set(profile[:-1]) <= set(rows)
    assert all(half >= 0 for half, _ in rows)
