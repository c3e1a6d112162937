"""The contact sheet: one picture of photos and their cutouts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cutoutd.cli.demo.contact_sheet import MAX_PAIRS, TILE_PX, SheetPair, cutout_tile, draw_contact_sheet, photo_tile
from cutoutd.cli.demo.fonts import TitleFont, title_font

GREEN, WHITE = (20, 160, 60), (255, 255, 255)


@pytest.fixture
def pair(tmp_path: Path) -> SheetPair:
    """A green photo, wider than high, and its cutout, transparent on the left."""
    photo, cutout = tmp_path / "photo.png", tmp_path / "cutout.png"
    Image.new("RGB", (600, 400), GREEN).save(photo)
    transparent = Image.new("RGBA", (600, 400))
    transparent.paste((*GREEN, 255), (300, 0, 600, 400))
    transparent.save(cutout)
    return SheetPair("a photo.png", photo, cutout)


def sheet_of(pairs: list[SheetPair], folder: Path) -> Image.Image:
    draw_contact_sheet(pairs, folder / "sheet.png")
    with Image.open(folder / "sheet.png") as sheet:
        sheet.load()
        assert (sheet.format, sheet.mode) == ("PNG", "RGB")
        return sheet.copy()


def size_of(sheet: Path) -> tuple[int, int]:
    with Image.open(sheet) as picture:
        return picture.size


def test_a_sheet_grows_down_and_across_with_its_pairs(pair: SheetPair, tmp_path: Path) -> None:
    """Pairs wrap into columns, at most four, so that a sheet is never a mere strip."""
    sizes = [sheet_of([pair] * count, tmp_path).size for count in (0, 1, 2, 6, 30)]
    assert sizes[1][0] < sizes[3][0] < sizes[4][0]
    assert sizes[0][1] < sizes[1][1] < sizes[2][1] < sizes[4][1]
    assert all(width < 2.5 * height for width, height in sizes[1:])


def test_no_more_than_sixty_pairs_are_shown(tmp_path: Path) -> None:
    """The sixty-first makes the sheet no larger, but is mentioned on it."""
    pair = SheetPair("carried away", tmp_path / "photo.png", tmp_path / "cutout.png")
    sheets = [tmp_path / f"{count}.png" for count in (MAX_PAIRS, MAX_PAIRS + 1, MAX_PAIRS + 20)]
    for sheet in sheets:
        draw_contact_sheet([pair] * int(sheet.stem), sheet)
    assert len({size_of(sheet) for sheet in sheets}) == 1
    draw_contact_sheet([pair] * MAX_PAIRS, tmp_path / "more.png", left_out=500)
    assert len({sheet.read_bytes() for sheet in (*sheets, tmp_path / "more.png")}) == 4


def test_a_cutout_shows_the_checkerboard_where_it_is_transparent(pair: SheetPair) -> None:
    """On the transparent half both kinds of squares can be seen, on the other none."""
    tile = cutout_tile(pair.after)
    middle = TILE_PX // 2
    clear = tile.crop((0, 0, middle - 4, TILE_PX)).getcolors() or []
    covered = tile.crop((middle + 4, middle - 20, TILE_PX, middle + 20)).getcolors() or []
    assert len(clear) == 2
    assert [colour for _, colour in covered] == [GREEN]


def test_a_photo_fills_its_tile(pair: SheetPair) -> None:
    """A photo that is no square stands before its own blur, not between bars."""
    assert photo_tile(pair.before).getcolors() == [(TILE_PX * TILE_PX, GREEN)]


def test_photos_are_shown_upright(tmp_path: Path) -> None:
    """A photo stored on its side is turned as its EXIF orientation says."""
    stored = Image.new("RGB", (600, 600), WHITE)
    stored.paste((0, 0, 0), (0, 0, 300, 600))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    tile = photo_tile(tmp_path / "photo.jpg").convert("L")
    middle = TILE_PX // 2
    assert tile.getpixel((middle, 20)) < 20
    assert tile.getpixel((middle, TILE_PX - 20)) > 235


@pytest.mark.parametrize("content", [None, b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_picture_that_cannot_be_read_leaves_its_tile_empty(
    content: bytes | None, pair: SheetPair, tmp_path: Path
) -> None:
    """A cutout carried away or damaged in the meantime does not cost the sheet."""
    lost = tmp_path / "lost.png"
    if content is not None:
        lost.write_bytes(content)
    assert sheet_of([SheetPair("lost", lost, lost), pair], tmp_path).size == sheet_of([pair, pair], tmp_path).size


def test_every_kind_of_pixel_can_be_shown(tmp_path: Path) -> None:
    """Masks, palettes, print and 16-bit pictures all make a tile."""
    for mode, suffix in (("L", "png"), ("P", "png"), ("1", "png"), ("LA", "png"), ("I;16", "png"), ("CMYK", "jpg")):
        path = tmp_path / f"picture.{suffix}"
        Image.new(mode, (500, 400)).save(path)
        assert photo_tile(path).size == cutout_tile(path).size == (TILE_PX, TILE_PX)


def test_a_sheet_that_cannot_be_written_leaves_nothing_behind(pair: SheetPair, tmp_path: Path) -> None:
    """The target is replaced by a whole sheet or not at all, and no half of one stays."""
    target = tmp_path / "folder"
    (target / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        draw_contact_sheet([pair], target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cutout.png", "folder", "photo.png"]


@given(st.text(st.characters(), max_size=40))
def test_any_name_can_be_a_title(title: str) -> None:
    """Emoji, line breaks, unpaired surrogates: whatever a file is called, its title fits and can be drawn."""
    font = title_font(17)
    fitted = font.fit(title, 200)
    assert font.width_px(fitted) <= 200
    assert "\n" not in fitted
    font.draw(Image.new("RGB", (200, 40)), (0, 0), fitted, GREEN)


def test_a_long_title_keeps_its_beginning_and_its_end() -> None:
    """It is shortened in the middle, because names differ at their ends."""
    fitted = title_font(17).fit("first folder/" + "x" * 300 + "/last.jpg", 300)
    assert fitted.startswith("first")
    assert fitted.endswith("last.jpg")
    assert "…" in fitted


def test_accents_survive_or_leave_their_letter() -> None:
    """With only the built-in font, which knows no umlauts, a name still reads; decomposed names read the same."""
    builtin = TitleFont(title_font(17).fonts[:1])
    assert builtin.fit("Vase für Blumen", 900) == builtin.fit("Vase fu\u0308r Blumen", 900) == "Vase fur Blumen"


def test_an_emoji_is_drawn_or_named() -> None:
    """An emoji that no font has is written by its name, so that two photos never get the same title."""
    builtin = TitleFont(title_font(17).fonts[:1])
    assert builtin.fit("📷\ufe0f 1.jpg", 900) == ":camera: 1.jpg"
    assert title_font(17).fit("📷.jpg", 900) != title_font(17).fit("🎩.jpg", 900)
