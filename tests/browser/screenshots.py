"""Makes the README's pictures of the page: a real daemon, the sandbox that really cuts out, and a real browser.

python tests/browser/screenshots.py     writes .readme/overview.png, gallery.png, photo.png and failures.png
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "daemon"), str(ROOT / "tests")]

from PIL import Image, ImageOps  # noqa: E402  found by the line above
from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402  as above

from cutoutd.sandbox.samples import copy_samples  # noqa: E402  as above
from support.clients.page_client import address_of, shown  # noqa: E402  as above
from support.images.drawn_photos import jpeg, put  # noqa: E402  as above
from support.processes.daemon_process import DaemonProcess, Place, eventually  # noqa: E402  as above
from support.processes.sandbox_process import SandboxProcess  # noqa: E402  as above

WINDOW = {"width": 1180, "height": 860}
PATIENCE_MS = 120_000

#: Long enough for the overview to show some photos at Uploadcare.
PROCESSING_S = "8"


def main() -> None:
    """Take all four."""
    home = Path(tempfile.gettempdir(), "photo-studio")  # it can be read in the pictures
    home.mkdir()
    with (
        SandboxProcess(home / "sandbox", "--engine", "grabcut", "--processing-time", PROCESSING_S) as sandbox,
        shop(home / "shop", sandbox) as (place, daemon, link),
        a_page(link) as page,
    ):
        fill(place, daemon, sandbox)
        take(page, f"{address_of(link)}/gallery", "gallery")
        take(page, page.locator(".gallery-name").nth(1).evaluate("link => link.href"), "photo")
        take(page, f"{address_of(link)}/failures", "failures")
        for number in range(9):
            put(place.input / f"new arrivals/{number}.jpg")
        page.goto(f"{address_of(link)}/")
        expect(page.locator(".figures > div", has_text="At Uploadcare").locator("dd")).to_have_text("9")
        keep(page, "overview")
    shutil.rmtree(home)


@contextmanager
def shop(home: Path, sandbox: SandboxProcess) -> Iterator[tuple[Place, DaemonProcess, str]]:
    """Two folders, limits and a price."""
    place = Place(home, sandbox.url)
    (home / "collection").mkdir()
    folders = [
        {"name": "products", "input": str(place.input), "output": str(place.output)},
        {"name": "collection", "input": str(home / "collection"), "output": str(home / "collection-out")},
    ]
    sections = {
        "folders": folders,
        "limits": {"per_day": 200, "confirm_over": 20},
        "price": {"operations_per_removal": 40, "per_1000_operations": 0.5, "currency": "EUR"},
    }
    with shown(place, **sections) as (daemon, link):
        yield place, daemon, link


def fill(place: Place, daemon: DaemonProcess, sandbox: SandboxProcess) -> None:
    """Photos that come out well, some that do not, and a batch that waits for approval."""
    samples = place.home / "samples"
    sandbox.set_faults({"kind": "error_details", "code": "unknown_foreground", "times": 2})
    for name in ("wall.jpg", "sky.jpg"):
        put(place.input / name)
    daemon.wait_for("failed", "wall.jpg", "sky.jpg")
    sandbox.clear_faults()
    names = [str(file.relative_to(samples)) for file in copy_samples(samples)]
    for name in names:
        put(place.input / name, (samples / name).read_bytes())
    daemon.wait_for("published", *names)
    for name in names:
        put(place.input / "mirrored" / Path(name).name, mirrored(samples / name))
    daemon.wait_for("published", *(f"mirrored/{Path(name).name}" for name in names))
    put(place.input / "price list.jpg", b"%PDF-1.7\n")
    put(place.input / "phone/IMG_0012.jpg", b"\0\0\0\x18ftypheic")
    put(place.input / "empty.png", b"")
    daemon.wait_for("rejected", "price list.jpg", "phone/IMG_0012.jpg", "empty.png")
    # Together: of a batch that comes in slowly, the first would be sent before it is known to be large.
    place.command("pause")
    for number in range(24):
        put(place.home / "collection" / f"look {number:02}.jpg", jpeg())
    eventually(lambda: place.status()["folders"].get("collection", {}).get("accepted") == 24)
    place.command("resume")
    eventually(lambda: place.status()["batches"])


def mirrored(file: Path) -> bytes:
    """The same product from the other side, which is another picture."""
    out = io.BytesIO()
    with Image.open(file) as picture:
        ImageOps.mirror(ImageOps.exif_transpose(picture).convert("RGB")).save(out, "JPEG", quality=92)
    return out.getvalue()


@contextmanager
def a_page(link: str) -> Iterator[Page]:
    """A window that has followed the link."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--hide-scrollbars"])
        page = browser.new_page(viewport=WINDOW)  # type: ignore[arg-type]  two numbers
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.goto(link)
        yield page
        browser.close()


def take(page: Page, address: str, name: str) -> None:
    """Open a page and keep its picture, once all that it shows is there."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    keep(page, name)


def keep(page: Page, name: str) -> None:
    """Keep the picture of what is shown, with few enough colours to be small."""
    page.wait_for_function("[...document.images].every((image) => image.loading === 'lazy' || image.complete)")
    file = ROOT / ".readme" / f"{name}.png"
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as picture:
        picture.convert("RGB").quantize(256, kmeans=4, dither=Image.Dither.NONE).save(file, optimize=True)
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
