"""A cutout on its way: in memory only in part, with its provenance, and with the doubts about it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cutoutd.config.types.choices import Provenance
from cutoutd.core.atomic_write import TEMPORARY_PREFIX
from cutoutd.core.errors import TreeUnavailableError, UnreachableError
from cutoutd.core.photo import Doubt, Photo, State
from cutoutd.files.provenance import read_provenance, without_chunk
from cutoutd.images.structure.png_header import PngHeader
from cutoutd.pipeline.steps.delivery.doubts import doubts_about, most_pixels
from cutoutd.pipeline.steps.delivery.download import DownloadedCutout, DownloadRequest, download_cutout
from support.images.photographs import png
from support.ledgers import identity, with_columns

SENT = with_columns(
    Photo(id=1, identity=identity(), state=State.REMOVAL_FINISHED, state_at_s=50.0),
    sha256="5" * 64,
    width=60,
    height=40,
    orientation=1,
)
HEADER = PngHeader(60, 40, 8, 6, has_alpha=True)


@pytest.mark.parametrize(("size", "most"), [((60, 40), 27_500_000), ((10_000, 10_000), 110_000_000)])
def test_a_cutout_has_no_more_pixels_than_its_photo_or_than_uploadcare_makes(size: tuple[int, int], most: int) -> None:
    """With a tenth for margins and rounding, so that a bomb is refused and a sound cutout is not."""
    assert most_pixels(with_columns(SENT, width=size[0], height=size[1])) == most


def words(photo: Photo, header: PngHeader) -> list[tuple[Doubt, str]]:
    return [(stated.doubt, stated.clause) for stated in doubts_about(photo, header)]


@pytest.mark.parametrize(
    ("received", "change"),
    [
        ((30, 20), "downscaled it from"),
        ((30, 50), "downscaled it from"),
        ((50, 40), "downscaled it from"),
        ((40, 60), "changed its size from"),
        ((60, 41), "changed its size from"),
    ],
)
def test_another_size_is_told_as_what_it_is(received: tuple[int, int], change: str) -> None:
    """Fewer pixels are a smaller picture; as many or more are another one. The size that was sent counts."""
    width, height = received
    clause = f"Uploadcare {change} 60 x 40 to {width} x {height} pixels"
    header = replace(HEADER, width=width, height=height)
    assert words(SENT, header) == [(Doubt.OTHER_SIZE, clause)]
    assert words(with_columns(SENT, sent_width=width, sent_height=height), header) == []


@pytest.mark.parametrize(
    ("parameters", "header", "expected"),
    [
        (None, HEADER, []),
        ("{}", replace(HEADER, is_empty=True), [(Doubt.EMPTY, "the cutout is empty: every pixel is transparent")]),
        ("{}", replace(HEADER, has_alpha=False), [(Doubt.NO_TRANSPARENCY, "the cutout has no transparency")]),
        ('{"channels":"alpha"}', replace(HEADER, has_alpha=False), []),
        ('{"bg_color":"fff"}', replace(HEADER, has_alpha=False), []),
        ('{"crop":true}', replace(HEADER, width=9), []),
        ('{"scale":"50%"}', replace(HEADER, width=9), []),
    ],
)
def test_a_wanted_form_is_no_doubt(
    parameters: str | None, header: PngHeader, expected: list[tuple[Doubt, str]]
) -> None:
    """What the parameters ask for may change the size, or leave out the transparency."""
    assert words(with_columns(SENT, parameters=parameters), header) == expected


@pytest.mark.parametrize(
    ("colours", "parameters", "has_colours", "is_doubtful"),
    [
        ("Display P3", "{}", False, True),
        ("Display P3", "{}", True, False),
        ("Display P3", '{"channels":"alpha"}', False, False),
        ("Display P3", '{"channels":"rgba"}', False, True),
        (None, "{}", False, False),
    ],
)
def test_colours_that_may_be_lost_are_a_doubt(
    colours: str | None, parameters: str, *, has_colours: bool, is_doubtful: bool
) -> None:
    """Only if the cutout has colours at all, and does not say which."""
    photo = with_columns(SENT, colours=colours, parameters=parameters)
    clause = "the photo has the colours of Display P3, and the cutout does not say which it has: compare the two"
    stated = [(Doubt.OTHER_COLOURS, clause)] if is_doubtful else []
    assert words(photo, replace(HEADER, has_colours=has_colours)) == stated


def draft_bytes(output: Path) -> int:
    return sum(file.stat().st_size for file in output.glob(f"{TEMPORARY_PREFIX}*"))


async def download(output: Path, provenance: Provenance, piece_bytes: int) -> tuple[DownloadedCutout, list[int]]:
    """The downloaded cutout, and what of it was on disk behind each piece."""
    on_disk = []

    async def fetch(sink: Callable[[bytes], Awaitable[None]]) -> None:
        for at in range(0, len(LARGE), piece_bytes):
            await sink(LARGE[at : at + piece_bytes])
            on_disk.append(draft_bytes(output))

    photo = with_columns(SENT, width=900, height=700, parameters="{}", output=str(output), target="a.png")
    cutout = await download_cutout(DownloadRequest(photo, output, "a.png", provenance), fetch)
    return cutout, on_disk


LARGE = png((900, 700), mode="RGBA", compress_level=0)
MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("piece_bytes", "behind_first", "behind_second"), [(MEGABYTE, MEGABYTE, 2 * MEGABYTE), (MEGABYTE // 2, 0, MEGABYTE)]
)
def test_a_large_cutout_is_not_held_in_memory(
    tmp_path: Path, piece_bytes: int, behind_first: int, behind_second: int
) -> None:
    """A megabyte at a time goes to the disk, and less than that in none."""
    _, on_disk = asyncio.run(download(tmp_path, Provenance.NONE, piece_bytes))
    assert on_disk[:2] == [behind_first, behind_second]


@pytest.mark.parametrize("provenance", list(Provenance))
def test_a_large_cutout_has_its_provenance_once(tmp_path: Path, provenance: Provenance) -> None:
    """In its file or beside its content, whatever the number of its pieces; the rest is what Uploadcare made."""
    cutout, _ = asyncio.run(download(tmp_path, provenance, 70_001))
    file = tmp_path / cutout.file
    assert without_chunk(file.read_bytes()) == LARGE
    assert cutout.size_bytes == file.stat().st_size
    with file.open("rb") as opened:
        assert (read_provenance(opened) is not None) is (provenance is not Provenance.NONE)


def test_nothing_is_fetched_for_an_output_that_is_not_mounted(tmp_path: Path) -> None:
    """Its guard is asked first, with the output open; no folder is made in it."""
    asked = []

    def refuse(root: Path, fd: int) -> None:
        asked.append((root, os.fstat(fd).st_ino))
        raise TreeUnavailableError("it is not mounted")

    async def fetch(_sink: object) -> None:
        pytest.fail("it was fetched")

    request = DownloadRequest(SENT, tmp_path, "sub/a.png", Provenance.NONE, refuse)
    with pytest.raises(TreeUnavailableError):
        asyncio.run(download_cutout(request, fetch))
    assert asked == [(tmp_path, tmp_path.stat().st_ino)]
    assert not list(tmp_path.iterdir())


def test_a_download_that_breaks_off_leaves_no_open_file(tmp_path: Path) -> None:
    """A service fetches millions of them."""

    async def break_off(sink: Callable[[bytes], Awaitable[None]]) -> None:
        await sink(LARGE[:100])
        raise UnreachableError("cut off")

    async def scene() -> None:
        request = DownloadRequest(SENT, tmp_path, "a.png", Provenance.NONE)
        numbers = []
        for _ in range(3):
            with pytest.raises(UnreachableError):
                await download_cutout(request, break_off)
            numbers.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  a look at this process
        assert len(set(numbers)) == 1

    asyncio.run(scene())
    assert not list(tmp_path.iterdir())
