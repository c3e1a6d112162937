"""The gallery and the page of one photo, in a real browser."""

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from cutoutd.ledger.sqlite.database import LEDGER_NAME
from support.clients.browser_windows import PHONE, Open, grave_faults, has_sideways_scroll
from support.clients.page_client import address_of, shown
from support.images.drawn_photos import jpeg_of, put
from support.processes.daemon_process import DaemonProcess, Line, Place

#: The ground that photos are drawn on.
PAPER = (240, 240, 236)

HOSTILE = "<img src=x onerror=alert(1)> \u202egpj.exe \udce9 {{ 7*7 }} &amp;.jpg"


@dataclass(frozen=True)
class Shop:
    """A daemon with published photos, and a window on its page."""

    place: Place
    daemon: DaemonProcess
    page: Page
    address: str

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")


def is_published(lines: list[Line], times: int) -> bool:
    return sum(line.action == "published" for line in lines) == times


@contextmanager
def shop(place: Place, window: Open, *names: str, **options: object) -> Iterator[Shop]:
    """Photos of these names are published, one after the other."""
    with shown(place) as (daemon, link):
        for number, name in enumerate(names, start=1):
            put(place.input / name, jpeg_of("red") + name.encode(errors="surrogateescape"))
            daemon.wait_until(lambda lines, number=number: is_published(lines, number))
        yield Shop(place, daemon, window(link, **options), address_of(link))


def at(box: Locator) -> float:
    """Where the slider stands, in per cent, as the picture is really cut."""
    return float(box.evaluate("box => parseFloat(getComputedStyle(box).getPropertyValue('--at'))"))


def pixels(box: Locator) -> bytes:
    return box.screenshot(animations="disabled")


def is_photo_seen(box: Locator, across: float) -> bool:
    """Whether the photo's paper is seen there, so far across; otherwise it is the squares behind the cutout."""
    with Image.open(io.BytesIO(pixels(box))) as picture:
        colour = picture.convert("RGB").getpixel((int(picture.width * across), picture.height * 4 // 5))
    assert isinstance(colour, tuple)
    return all(abs(seen - paper) < 4 for seen, paper in zip(colour, PAPER, strict=True))


def drag(page: Page, box: Locator, to_share: float) -> None:
    place = box.bounding_box()
    assert place is not None
    middle = place["y"] + place["height"] / 3
    page.mouse.move(place["x"] + place["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * to_share, middle, steps=5)
    page.mouse.up()


@pytest.mark.parametrize("path", ["/gallery", "/photos/1"])
def test_the_slider_is_dragged_with_the_mouse(place: Place, window: Open, path: str) -> None:
    """Wherever it is let go, there the picture changes; outside it stays at the edge."""
    with shop(place, window, "a.jpg") as here:
        here.open(path)
        box = here.page.locator("[data-compare]").first
        box.scroll_into_view_if_needed()
        here.page.wait_for_load_state("networkidle")
        assert at(box) == 50
        assert [is_photo_seen(box, across) for across in (0.15, 0.75)] == [True, False]
        drag(here.page, box, 0.9)
        assert at(box) == pytest.approx(90, abs=1)
        assert [is_photo_seen(box, across) for across in (0.15, 0.75)] == [True, True]
        drag(here.page, box, -0.2)
        assert at(box) == 0
        assert [is_photo_seen(box, across) for across in (0.15, 0.75)] == [False, False]


def test_the_slider_moves_by_keyboard(place: Place, window: Open) -> None:
    """It is a range like any other, says where it stands, and shows where the focus is."""
    with shop(place, window, "a.jpg") as here:
        here.open("/gallery")
        slider = here.page.get_by_role("slider", name="a.jpg")
        box = here.page.locator("[data-compare]")
        half = pixels(box)
        slider.focus()
        for _ in range(3):
            here.page.keyboard.press("ArrowRight")
        assert at(box) == 53
        here.page.keyboard.press("Home")
        assert at(box) == 0
        assert pixels(box) != half
        assert slider.get_attribute("aria-valuetext") == "0 % before"
        assert "solid" in str(box.evaluate("box => getComputedStyle(box).outlineStyle"))
        here.page.keyboard.press("End")
        assert at(box) == 100


def test_the_slider_follows_a_finger(place: Place, window: Open) -> None:
    """On a phone, where the picture is touched."""
    with shop(place, window, "a.jpg", viewport=PHONE, has_touch=True, is_mobile=True) as here:
        here.open("/gallery")
        box = here.page.locator("[data-compare]")
        place_of_it = box.bounding_box()
        assert place_of_it is not None
        here.page.touchscreen.tap(
            place_of_it["x"] + place_of_it["width"] * 0.2, place_of_it["y"] + place_of_it["height"] / 2
        )
        assert at(box) == pytest.approx(20, abs=2)


def test_without_a_script_both_stand_side_by_side(place: Place, window: Open) -> None:
    """In the room that the slider would have."""
    with shop(place, window, "a.jpg", java_script_enabled=False) as here:
        here.open("/gallery")
        before, after = (here.page.locator(f".compare-{side}").bounding_box() for side in ("before", "after"))
        assert before is not None
        assert after is not None
        assert before["x"] + before["width"] <= after["x"] + 1
        expect(here.page.get_by_role("slider")).to_have_count(0)


def test_both_pictures_are_shown_in_the_room_that_was_kept(place: Place, window: Open) -> None:
    """They load, keep their proportions, and nothing moves when they come."""
    with shop(place, window, "a.jpg") as here:
        here.page.add_init_script(
            "window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => window.moved +="
            " entry.value)).observe({type: 'layout-shift', buffered: true});"
        )
        for path in ("/gallery", "/photos/1"):
            here.open(path)
            here.page.wait_for_load_state("networkidle")
            for image in here.page.locator("[data-compare] img").all():
                assert image.evaluate("image => image.complete && image.naturalWidth") == 160
            assert here.page.evaluate("window.moved") == 0


def crowd_of(place: Place, copies: int) -> None:
    """The published photo becomes many, behind the daemon's back; they share its files."""
    with closing(sqlite3.connect(place.state / LEDGER_NAME)) as database:
        database.row_factory = sqlite3.Row
        first = dict(database.execute("SELECT * FROM photos").fetchone())
        for number in range(1, copies + 1):
            own = {"id": number + 1, "path": f"copy {number:03}.jpg", "inode": number, "state_at_s": number}
            row = first | own | {"folder": "people" if number % 2 else "shop"}
            names = ", ".join(row)
            database.execute(
                f"INSERT INTO photos ({names}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608  names of our columns
                row,
            )
        database.commit()


def test_sixty_on_a_page_and_back(place: Place, window: Open) -> None:
    """Older and newer, by folder and by name; the filter stays when pages are turned."""
    with shop(place, window, "first.jpg") as here:
        crowd_of(place, 150)
        page = here.page
        here.open("/gallery")
        items, names = page.locator(".gallery-item"), page.locator(".gallery-name")
        expect(items).to_have_count(60)
        expect(page.get_by_text("151 cutouts")).to_be_visible()
        expect(names.first).to_have_text("first.jpg")
        page.get_by_role("link", name="Older").click()
        expect(names.first).to_have_text("copy 091.jpg")
        page.get_by_role("link", name="Older").click()
        expect(items).to_have_count(31)
        expect(page.get_by_role("link", name="Older")).to_have_count(0)
        page.get_by_role("link", name="Newer").click()
        expect(names.first).to_have_text("copy 091.jpg")
        page.get_by_role("link", name="Newer").click()
        expect(names.first).to_have_text("first.jpg")
        page.get_by_label("Folder").select_option("people")
        page.get_by_role("button", name="Show").click()
        expect(items).to_have_count(60)
        page.get_by_role("link", name="Older").click()
        expect(items).to_have_count(15)
        page.get_by_label("Name contains").fill("COPY 14")
        page.keyboard.press("Enter")
        expect(items).to_have_count(5)
        expect(names.first).to_have_text("copy 149.jpg")
        page.get_by_label("Name contains").fill("nothing like it")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing found")).to_be_visible()
        page.get_by_role("link", name="Show all cutouts").click()
        expect(items).to_have_count(60)
        expect(page.locator("img[loading=lazy]").first).to_be_attached()


def test_an_empty_gallery_says_what_to_do(place: Place, window: Open) -> None:
    """Where to drop a photo."""
    with shop(place, window) as here:
        here.open("/gallery")
        expect(here.page.get_by_text("No cutouts yet")).to_be_visible()
        expect(here.page.get_by_text(str(place.input))).to_be_visible()


def test_a_photo_tells_its_history(place: Place, window: Open) -> None:
    """What became true and when, its sizes and parameters; both files can be had, and it is one click away."""
    with shop(place, window, "sub/a.jpg") as here:
        here.open("/gallery")
        here.page.get_by_role("link", name="a.jpg").click()
        here.page.wait_for_url("**/photos/1")
        expect(here.page.get_by_role("heading", level=1)).to_have_text("a.jpg")
        titles = here.page.locator(".history-title").all_inner_texts()
        assert titles[:2] == ["Found", "Accepted"]
        assert titles[-1] == "Published"
        expect(here.page.locator(".history time").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
        with here.page.expect_download() as download:
            here.page.get_by_role("link", name="Download the cutout").click()
        assert download.value.suggested_filename == "a.png"
        assert Path(download.value.path()).read_bytes() == (place.output / "sub" / "a.png").read_bytes()


def test_making_anew_is_confirmed_with_its_cost(place: Place, window: Open) -> None:
    """Two clicks: the first says what it costs, the second pays for one removal."""
    with shop(place, window, "a.jpg") as here:
        here.open("/photos/1")
        pay = here.page.get_by_role("button", name="Pay for one removal")
        expect(pay).to_be_hidden()
        here.page.get_by_text("Make it again…").click()
        expect(here.page.get_by_text("operations")).to_be_visible()
        pay.click()
        expect(here.page.get_by_role("status")).to_contain_text("1 photo is made again")
        here.daemon.wait_until(lambda lines: is_published(lines, 2))
        here.page.reload()
        expect(here.page.locator(".history-title").last).to_have_text("Published")
        expect(here.page.get_by_text("Ordered to be made again")).to_be_visible()


def test_names_are_nothing_but_names(place: Place, window: Open) -> None:
    """Whatever a file is called: no markup, no turned writing, no lone half of a character."""
    with shop(place, window, HOSTILE) as here:
        for path in ("/gallery", "/photos/1"):
            here.open(path)
            shown_name = here.page.locator("main").inner_text()
            assert "<img src=x onerror=alert(1)> \\u202egpj.exe \\udce9 {{ 7*7 }} &amp;.jpg" in shown_name
            assert here.page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("path", ["/gallery", "/gallery?name=zzz", "/photos/1"])
def test_nothing_hinders_anybody(place: Place, window: Open, path: str) -> None:
    """No serious fault of accessibility in light or dark, and no sideways scroll on a phone."""
    with shop(place, window, "a long name without any place to break it anywhere at all.jpg") as here:
        for scheme in ("light", "dark"):
            here.page.emulate_media(color_scheme=scheme)
            here.open(path)
            here.page.wait_for_load_state("networkidle")
            assert grave_faults(here.page) == []
        here.page.set_viewport_size(PHONE)  # type: ignore[arg-type]  two numbers
        assert not has_sideways_scroll(here.page)
